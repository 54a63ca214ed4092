// SPDX-License-Identifier: BSL-1.0

// What a log looks like on a terminal: a pseudo terminal of the test's.
#include "support/catch.hpp"
#include "support/child.hpp"

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// Runs the child with this as its standard error, and returns what comes out at the other end, piece by piece.
std::vector<std::string> written(int standard_error, int other_end, std::vector<std::string> settings)
{
    std::vector<std::string> words{LOOPWATCH_TEST_CHILD, "--log", "load:300"};
    auto const pointers = [](std::vector<std::string>& texts) {
        std::vector<char*> all;
        for (std::string& each : texts) all.push_back(each.data());
        all.push_back(nullptr);
        return all;
    };
    ::posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, standard_error, STDERR_FILENO);
    ::pid_t process = 0;
    int const failed = ::posix_spawn(&process, LOOPWATCH_TEST_CHILD, &files, nullptr, pointers(words).data(),
                                     pointers(settings).data());
    ::posix_spawn_file_actions_destroy(&files);
    ::close(standard_error);
    REQUIRE(failed == 0);

    // It ends, a terminal's with an error, once the child has gone.
    std::vector<std::string> pieces;
    std::vector<char> buffer(65536);
    for (;;) {
        auto const got = ::read(other_end, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        pieces.emplace_back(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(other_end);
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    CHECK(status == 0);
    return pieces;
}

bool has_terminals()
{
    int const one = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (one >= 0) ::close(one);
    return one >= 0;
}

/// What the child has written to a terminal of so many columns.
std::string on_terminal(unsigned short columns, std::vector<std::string> const& settings)
{
    int const ours = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(ours >= 0);
    REQUIRE(::grantpt(ours) == 0);
    REQUIRE(::unlockpt(ours) == 0);
    winsize size{};
    size.ws_col = columns;
    size.ws_row = 25;
    REQUIRE(::ioctl(ours, TIOCSWINSZ, &size) == 0);
    int const theirs = ::open(::ptsname(ours), O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(theirs >= 0);
    std::string text;
    for (std::string const& each : written(theirs, ours, settings)) text += each;
    std::erase(text, '\r');  // the line discipline's
    return text;
}

/// Of the report of the block that was asked for: a busy machine may have added others.
std::string report_in(std::string const& text)
{
    auto const begin = text.find("loop blocked");
    REQUIRE(begin != text.npos);
    auto const end = text.find("async_wait", begin);
    return text.substr(begin, end == text.npos ? text.npos : end - begin);
}

std::size_t longest_line(std::string const& text)
{
    std::size_t longest = 0;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
    return longest;
}

}  // namespace

TEST_CASE("a log on a terminal has its colours, its width, and links to files", "[terminal]")
{
    if (!has_terminals()) {
        WARN("no pseudo-terminals here, as in a chroot without /dev/pts");
        return;
    }
    SECTION("by default")
    {
        auto const text = on_terminal(120, {"TERM=xterm-256color"});
        INFO(text);
        CHECK_THAT(text, contains("\033[1;31mloop blocked\033[0m: "));
        // The compiler may have noted the child's own path from some folder on, the standard library's it never does.
        CHECK_THAT(text, contains("\033]8;;file://") && contains("/bits/this_thread_sleep.h#") &&
                             contains("\033\\\033[36mthis_thread_sleep.h:"));
    }
    SECTION("NO_COLOR: neither colours nor links")
    {
        auto const text = report_in(on_terminal(64, {"TERM=xterm-256color", "NO_COLOR=1"}));
        INFO(text);
        CHECK(text.find('\033') == text.npos);
        CHECK(longest_line(text) <= 64);
        CHECK(longest_line(text) > 40);
    }
    SECTION("COLUMNS says another width")
    {
        auto const text = report_in(on_terminal(200, {"TERM=dumb", "COLUMNS=50"}));
        INFO(text);
        CHECK(text.find('\033') == text.npos);
        CHECK(longest_line(text) <= 50);
    }
}

TEST_CASE("a log in a file has none of it", "[terminal]")
{
    SECTION("whatever the terminal is")
    {
        child c{{"--log", "load:300"}, {{"TERM", "xterm-256color"}, {"COLUMNS", "50"}}};
        c.wait();
        INFO(c.err);
        CHECK(c.err.find('\033') == c.err.npos);
        CHECK(longest_line(report_in(c.err)) > 64);
    }
    SECTION("but colours, if they are forced, and then in the log alone")
    {
        child c{{"--log", "load:300"}, {{"FORCE_COLOR", "1"}}};
        c.wait();
        INFO(c.err);
        CHECK_THAT(c.err, contains("\033[1;31mloop blocked\033[0m: ") && !contains("\033]8"));
        child raises{{"load:300"}, {{"FORCE_COLOR", "1"}}};
        raises.wait();
        CHECK_THAT(raises.out, contains("raised=1\n") && !contains("\033"));
    }
}

TEST_CASE("a log with colours is written with one call, too", "[terminal]")
{
    int ends[2];  // of a socket that keeps together what was written with one call
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    auto const pieces = written(ends[1], ends[0], {"FORCE_COLOR=1"});
    auto const report = std::ranges::find_if(pieces, [](std::string const& p) { return p.find("load(") != p.npos; });
    REQUIRE(report != pieces.end());
    CHECK(report->starts_with("\033[1;31mloop blocked"));
    CHECK(report->ends_with("async_wait\033[0m\n"));
}

TEST_CASE("library code is no culprit, and folds", "[library_code]")
{
    auto const blame = [](char const* settings) {
        child c{{"--log", "parse:300"}, {{"LOOPWATCH_OPTIONS", settings}}};
        c.wait();
        return c.out + c.err;
    };
    CHECK_THAT(blame(""), contains("blocks: vendored::parse("));
    for (auto const* const settings : {"library_code='third_party/*'", "library_code='a/*,vendored::*'"}) {
        auto const text = blame(settings);
        INFO(text);
        CHECK_THAT(text, contains("blocks=1\nblocks: (anonymous namespace)::block(") &&
                             contains("culprit  (anonymous namespace)::block(") && contains("   vendored::parse "));
    }
}
