// SPDX-License-Identifier: BSL-1.0

// Blocks a guarded loop as its arguments say, and tells on standard output what the guard saw. What it is told by its
// environment is the test's.
//
//     child [option...] FUNCTION:MILLISECONDS...
#include "support/net.hpp"
#include "third_party/vendored.hpp"

#include <loopwatch/impl/base/duration_text.hpp>
#include <loopwatch/impl/policy/baseline_file.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace legacy {

[[gnu::noinline]] void load(milliseconds time)
{
    std::this_thread::sleep_for(time);
    __asm__ volatile("" ::: "memory");  // no tail call
}

}  // namespace legacy

namespace app {

// For as long on a processor, however busy the machine is; and in no function but this.
[[gnu::noinline]] int computes(milliseconds time)
{
    int rounds = 0;
    std::timespec begin{};
    std::timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do {
        ++rounds;
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1'000'000 < time.count());
    return rounds;
}

// A comma in its name, which is nothing special where it is a message.
template <int A, int B>
[[gnu::noinline]] void between(milliseconds time)
{
    std::this_thread::sleep_for(time);
    __asm__ volatile("" ::: "memory");  // no tail call
}

template <int N>
[[gnu::noinline]] void numbered(milliseconds time)
{
    std::this_thread::sleep_for(time);
    __asm__ volatile("" ::: "memory");  // no tail call
}

template <int... N>
void one_of(int which, milliseconds time, std::integer_sequence<int, N...>)
{
    ((which == N ? numbered<N>(time) : void()), ...);
}

}  // namespace app

namespace {

struct stall {
    std::string function;
    milliseconds time;
};

struct plan {
    loopwatch::options how{.threshold = 20ms, .loop_name = "code"};
    std::vector<stall> stalls;
    bool fork_first{false};
    bool fork_last{false};
    bool fork_again{false};  // after its own watch, to watch in the child, too
    bool own_sink{false};
    bool exit_in_sink{false};
    bool elsewhere{false};  // ends in another folder
};

void block(stall const& s)
{
    if (s.function == "load") legacy::load(s.time);
    if (s.function == "computes") app::computes(s.time);
    if (s.function == "parse") vendored::parse(s.time);
    if (s.function == "between") app::between<1, 2>(s.time);
    if (s.function.starts_with("numbered"))
        app::one_of(std::atoi(s.function.c_str() + std::strlen("numbered")), s.time,
                    std::make_integer_sequence<int, 15>{});
}

plan plan_of(int argc, char** argv)
{
    plan p;
    for (int i = 1; i < argc; ++i) {
        std::string_view const word = argv[i];
        auto const value = word.substr(std::min(word.find('=') + 1, word.size()));
        if (word.starts_with("--suppressions=")) {
            p.how.suppressions = value;
        } else if (word.starts_with("--baseline=")) {
            p.how.baseline = value;
        } else if (word == "--log") {
            p.how.action = loopwatch::on_block::log;
        } else if (word == "--sink") {
            p.own_sink = true;
        } else if (word == "--exit-in-sink") {
            p.own_sink = p.exit_in_sink = true;
        } else if (word == "--elsewhere") {
            p.elsewhere = true;
        } else if (word == "--fork-again") {
            p.fork_again = true;
        } else if (word == "--fork-first") {
            p.fork_first = true;
        } else if (word == "--fork-last") {
            p.fork_last = true;
        } else {
            auto const colon = word.find(':');
            p.stalls.push_back({std::string{word.substr(0, colon)}, milliseconds{std::atoi(argv[i] + colon + 1)}});
        }
    }
    return p;
}

void say(std::string const& text) { std::printf("%s\n", text.c_str()); }

/// What a busy machine does to the loop is left out.
void tell(char const* what, std::vector<loopwatch::block_report> reports)
{
    std::erase_if(reports, [](loopwatch::block_report const& r) {
        return r.cause == loopwatch::cause::starved || r.cause == loopwatch::cause::suspended;
    });
    say(std::string{what} + "=" + std::to_string(reports.size()));
    for (auto const& r : reports) {
        auto const* const culprit = r.culprit();
        say(std::string{what} + ": " + (culprit == nullptr ? "nobody" : culprit->function) + " on " + r.loop +
            " threshold " + loopwatch::detail::duration_text(r.threshold) + " excuse [" + r.excuse + "]");
    }
}

int threads_of_the_library()
{
    int n = 0;
    for (auto const& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::string name;
        std::ifstream{task.path() / "comm"} >> name;
        if (name.starts_with("loopwatch")) ++n;
    }
    return n;
}

void watch(plan const& p)
{
    net::io_context ctx;
    net::steady_timer pause{ctx};
    std::size_t next = 0;
    std::function<void()> const go_on = [&] {
        if (next == p.stalls.size()) return;
        block(p.stalls[next++]);
        // Time for a heartbeat in between: each is a block by itself.
        pause.expires_after(20ms);
        pause.async_wait([&](auto const&) { go_on(); });
    };
    post(ctx, go_on);
    auto const run = [&](loopwatch::no_loop_blocking& guard) {
        ctx.run();
        try {
            guard.finish();
            say("raised=0");
        } catch (loopwatch::loop_blocked_error const&) {
            say("raised=1");
        }
        tell("blocks", guard.blocks());
        tell("excused", guard.excused());
    };
    if (p.own_sink) {
        loopwatch::no_loop_blocking guard{ctx, p.how, [&](loopwatch::block_report const&) {
                                              say("sink");
                                              if (p.exit_in_sink) std::exit(7);
                                          }};
        run(guard);
    } else {
        loopwatch::no_loop_blocking guard{ctx, p.how};
        run(guard);
    }
    say("threads=" + std::to_string(threads_of_the_library()));
}

/// Runs it in a child of this process, which ends as programs do. Whether it ended well.
bool in_a_fork(plan const& p)
{
    std::fflush(stdout);
    auto const child = ::fork();
    if (child == 0) {
        if (!p.stalls.empty()) watch(p);
        std::exit(0);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Many processes that record one block each into one file, at the same moment. Nothing of the others is in their
/// memory, so what is lost once is lost.
int race(std::string const& baseline)
{
    for (int round = 0; round < 10; ++round) {
        auto const start = std::chrono::steady_clock::now() + 20ms;
        std::vector<::pid_t> all;
        for (int i = 0; i < 8; ++i) {
            all.push_back(::fork());
            if (all.back() != 0) continue;
            loopwatch::block_report r;
            r.own_duration = 50ms;
            r.stack.emplace_back().function = "round" + std::to_string(round) + "_" + std::to_string(i) + "()";
            while (std::chrono::steady_clock::now() < start) {
            }
            loopwatch::detail::baseline_file{baseline, true}.excuse_for(r, 2, true);
            std::_Exit(0);
        }
        for (auto const each : all) ::waitpid(each, nullptr, 0);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc == 3 && std::string_view{argv[1]} == "--race") return race(argv[2]);
    plan const p = plan_of(argc, argv);
    try {
        if (p.fork_first && !in_a_fork(p)) return 4;
        watch(p);
        if (p.fork_last && !in_a_fork({})) return 4;
        if (p.fork_again && !in_a_fork(p)) return 4;
        if (p.elsewhere && ::chdir("/") != 0) return 4;
    } catch (std::invalid_argument const& wrong) {
        say(std::string{"refused: "} + wrong.what());
        // Not only the first time.
        try {
            watch(p);
            return 5;
        } catch (std::invalid_argument const& again) {
            return std::strcmp(again.what(), wrong.what()) == 0 ? 3 : 6;
        }
    }
}
