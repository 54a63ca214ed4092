// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

// Runs the watcher of each setting, prints one table of all, and fails unless every cell is as expected.
//
//   table <settings>      a file of lines "label <tab> program", or "label <tab> <tab> why it could not be built"

namespace {

/// What a cell may be, where it need not be exact. The first that fits counts.
struct expectation {
    std::string_view row;       // a scenario's name begins with it
    std::string_view compiler;  // a setting's label begins with it,
    std::string_view setting;   // and contains this
    std::string_view claims;    // those allowed
    std::string_view reason{};  // that the library must give, unless it claims to be exact
    int least_frames{20};
    bool may_be_woken{false};  // by the capture's signal, though it slept
};

constexpr std::string_view no_answer = "the thread did not answer the capture signal within 50 ms";
constexpr std::string_view not_copied = "the stack goes on beyond the 64 KB that were copied";
constexpr std::string_view guessed = "a frame was found by what looked best, not by proof";

constexpr expectation expectations[] = {
    // ThreadSanitizer blocks every signal while one of the program's handlers runs.
    {"own handler, spin", "", "-fsanitize=thread", "none", no_answer, 0},
    {"sigaltstack, spin", "", "-fsanitize=thread", "none", no_answer, 0},
    // A copy ends where the stack ends on which the signal found the thread; what is further out may change meanwhile.
    {"sigaltstack, spin", "", "", "partial", not_copied, 12},
    {"100 KB deep, spin", "", "", "partial", not_copied, 14},
    {"150 frames", "", "", "partial", "the stack is deeper than 128 frames", 128},
    // Boost.Context's first function is assembly, and nothing describes it.
    {"fiber", "", "", "partial", "it stopped at code without unwind information", 22},
    // The kernel does not tell the frame pointer of a sleeping thread, and nothing but it tells how large a frame of
    // dynamic size is. A signal would tell, but cut nanosleep short. Functions further in may have saved it, as
    // ThreadSanitizer's nanosleep does.
    {"nanosleep beside a VLA", "", "-fsanitize=thread", "exact approximate", guessed},
    {"nanosleep, old frames", "", "-fsanitize=thread", "exact approximate", guessed},
    {"nanosleep beside a VLA", "", "", "approximate", guessed},
    {"nanosleep, old frames", "", "", "approximate", guessed},
    {"VLA, nanosleep", "", "", "exact approximate", guessed},
    // The same where the padding of an aligned frame can hold what could be the frame of the caller: clang's
    // AddressSanitizer aligns nearly every frame.
    {"realigned, poll", "", "", "exact approximate", guessed},
    {"nanosleep, realigned", "", "", "exact approximate", guessed},
    {"mutex", "clang", "-fsanitize=address", "exact", "", 20, true},
    {"condition variable", "clang", "-fsanitize=address", "exact", "", 20, true},
    {"", "clang", "-fsanitize=address", "exact approximate", guessed},
    // A lock is taken up again after a signal, so that the signal does no harm and makes it exact.
    {"mutex beside a VLA", "", "", "exact", "", 20, true},
};
constexpr expectation elsewhere{"", "", "", "exact"};

expectation const& expected(std::string_view row, std::string_view setting)
{
    for (expectation const& e : expectations)
        if (row.starts_with(e.row) && setting.starts_with(e.compiler) && setting.find(e.setting) != setting.npos)
            return e;
    return elsewhere;
}

struct cell {
    std::string claim, truth, disturbed, cut_short, frames, reason, difference;

    [[nodiscard]] bool right() const { return truth == "right"; }
    [[nodiscard]] bool woken() const { return disturbed == "woken"; }
    [[nodiscard]] bool wrong_guess() const { return claim == "approximate" && !right(); }

    /// "" if it is as expected, else what is not.
    [[nodiscard]] std::string complaint(expectation const& e) const
    {
        if (!right() && claim != "none") return claim + ", but wrong: " + difference;
        if (e.claims.find(claim) == e.claims.npos)
            return claim + " (" + reason + ") and not " + std::string{e.claims} + ": " + difference;
        if (claim != "exact" && !reason.starts_with(e.reason)) return claim + " for another reason: " + reason;
        if (std::atoi(frames.c_str()) < e.least_frames) return "only " + frames + " frames";
        if (woken() && !e.may_be_woken) return "the thread slept, and was woken";
        if (cut_short != "0") return cut_short + " system calls were cut short";
        return {};
    }

    [[nodiscard]] char sign(expectation const& e) const
    {
        if (wrong_guess()) return '?';
        if (!complaint(e).empty()) return 'X';
        if (claim == "exact") return woken() ? 's' : '=';
        if (claim == "approximate") return '~';
        return claim == "partial" ? '<' : '-';
    }
};

struct setting {
    std::string label, program, problem;
    std::map<std::string, cell> cells;
};

bool is_thread_sanitized(setting const& s) { return s.label.find("-fsanitize=thread") != s.label.npos; }

std::vector<std::string> split(std::string const& line)
{
    std::vector<std::string> parts;
    std::size_t from = 0;
    for (std::size_t tab = line.find('\t'); tab != line.npos; from = tab + 1, tab = line.find('\t', from))
        parts.push_back(line.substr(from, tab - from));
    parts.push_back(line.substr(from));
    return parts;
}

[[noreturn]] void become(setting const& s, int output)
{
    ::dup2(output, STDOUT_FILENO);
    ::close(output);
    ::alarm(30);  // ends it, if it hangs
    // ThreadSanitizer can't place its memory where addresses are too random. Containers may refuse this.
    if (is_thread_sanitized(s)) ::personality(ADDR_NO_RANDOMIZE);
    ::execl(s.program.c_str(), s.program.c_str(), nullptr);
    ::_exit(127);
}

void run(setting& s, std::vector<std::string>& rows)
{
    int ends[2];
    if (::pipe(ends) != 0) std::abort();
    pid_t const child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        become(s, ends[1]);
    }
    ::close(ends[1]);
    std::FILE* const output = ::fdopen(ends[0], "r");
    char line[1024];
    while (std::fgets(line, sizeof line, output) != nullptr) {
        std::string text = line;
        text.pop_back();
        std::vector<std::string> p = split(text);
        if (p.size() != 8) continue;
        if (s.cells.emplace(p[0], cell{p[1], p[2], p[3], p[4], p[5], p[6], p[7]}).second &&
            rows.size() < s.cells.size())
            rows.push_back(p[0]);
    }
    std::fclose(output);
    int status = 0;
    ::waitpid(child, &status, 0);
    constexpr int from_sanitizer = 66;
    if (s.cells.empty() && is_thread_sanitized(s) && WIFEXITED(status) && WEXITSTATUS(status) == from_sanitizer) {
        s.problem = "ThreadSanitizer can't place its memory, since addresses are too random here";
        s.program.clear();
        return;
    }
    if (status != 0)
        s.problem = WIFSIGNALED(status) ? "it ended by signal " + std::to_string(WTERMSIG(status))
                                        : "it ended with exit code " + std::to_string(WEXITSTATUS(status));
}

std::vector<setting> read_settings(char const* path)
{
    std::vector<setting> all;
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        std::vector<std::string> p = split(line);
        p.resize(3);
        all.push_back({p[0], p[1], p[2], {}});
    }
    return all;
}

}  // namespace

int main(int count, char** arguments)
{
    if (count != 2) return 2;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    std::vector<setting> settings = read_settings(arguments[1]);
    std::vector<std::string> rows;
    bool const must_be_there = std::getenv("CI") != nullptr;  // everywhere else not everybody has every compiler
    int failures = settings.empty() ? 1 : 0;

    std::puts("Stacks of blocked threads, compared with what the threads noted of themselves.\n");
    for (std::size_t i = 0; i < settings.size(); ++i) {
        setting& s = settings[i];
        bool const is_missing = s.program.empty();
        if (!is_missing) run(s, rows);
        if (is_missing ? must_be_there : !s.program.empty() && !s.problem.empty()) ++failures;
        std::printf("%3zu  %s%s%s%s\n", i + 1, s.label.c_str(), s.problem.empty() ? "" : "   ",
                    s.program.empty() ? "NOT TRIED: " : "", s.problem.c_str());
    }

    std::printf("\n%-25s", "");
    for (std::size_t i = 0; i < settings.size(); ++i) std::printf("%3zu", i + 1);
    std::map<char, int> totals;
    int cut_short = 0;
    std::string complaints;
    std::map<std::string, int> reasons;
    for (std::string const& row : rows) {
        std::printf("\n%-25s", row.c_str());
        for (setting const& s : settings) {
            auto const found = s.cells.find(row);
            if (found == s.cells.end()) {
                std::printf("  %c", s.program.empty() ? ' ' : '!');
                if (!s.program.empty()) {
                    ++failures;
                    complaints += row + ", " + s.label + ": no result\n";
                }
                continue;
            }
            cell const& c = found->second;
            expectation const& e = expected(row, s.label);
            ++totals[c.sign(e)];
            cut_short += std::atoi(c.cut_short.c_str());
            std::printf("  %c", c.sign(e));
            if (std::string const complaint = c.complaint(e); !complaint.empty()) {
                ++failures;
                complaints += row + ", " + s.label + ": " + complaint + "\n";
            } else if (c.claim != "exact") {
                ++reasons[row + ": " + c.claim + ", since " + c.reason];
            }
        }
    }

    std::puts("\n");
    std::printf("  =  exact, and right%s %d\n", std::string(31, ' ').c_str(), totals['=']);
    std::printf("  s  the same, after a signal that was restarted       %d\n", totals['s']);
    std::printf("  ~  approximate, and right                            %d\n", totals['~']);
    std::printf("  <  partial: right, as far as it goes                 %d\n", totals['<']);
    std::printf("  -  none, with the reason                             %d\n", totals['-']);
    std::printf("  ?  approximate, and wrong                            %d\n", totals['?']);
    std::printf("  X  exact and wrong, or not as expected               %d\n", totals['X']);
    std::printf("System calls of sleeping threads that were cut short:  %d\n\n", cut_short);
    for (auto const& [reason, times] : reasons) std::printf("%s (%d times)\n", reason.c_str(), times);
    std::printf("\n%s%s\n", complaints.c_str(), failures == 0 ? "All as expected." : "NOT as expected.");
    return failures == 0 && !rows.empty() ? 0 : 1;
}
