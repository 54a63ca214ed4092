// SPDX-License-Identifier: BSL-1.0

// LOOPWATCH_OPTIONS overrides what the code says of a monitor and of its limits; with loopwatch=off a monitor starts no
// thread, watches nothing, and all of its functions may be called.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace {

std::ptrdiff_t threads() { return std::distance(std::filesystem::directory_iterator{"/proc/self/task"}, {}); }

void block(net::io_context& ctx)
{
    post(ctx, [] { sleep_through(50ms); });
    ctx.restart();
    ctx.run();
}

void overridden()
{
    ::setenv("LOOPWATCH_OPTIONS", "threshold=20ms:full_reports_per_minute=0:lines_per_minute=0", 1);
    std::atomic<int> told{0};
    net::io_context ctx;
    loopwatch::monitor m{{.threshold = 1h}, {[&](loopwatch::block_notice const&) { ++told; }}};
    auto const watched = m.watch(ctx, "api");
    block(ctx);
    expect(m.flush(60s), "all is told in time");
    expect(m.top().size() == 1, "the environment's threshold holds");
    expect(told == 0, "the environment's limits hold");
}

/// What a monitor without sinks of its own logs of a block.
std::string logged(char const* options)
{
    int ends[2];
    expect(::pipe(ends) == 0, "there is a pipe");
    pid_t const child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        ::setenv("LOOPWATCH_OPTIONS", options, 1);
        net::io_context ctx;
        loopwatch::monitor m{{.threshold = 20ms}};
        auto const watched = m.watch(ctx, "api");
        block(ctx);
        static_cast<void>(m.flush(60s));
        std::_Exit(0);
    }
    ::close(ends[1]);
    std::string text;
    char part[4096];
    for (ssize_t n = 0; (n = ::read(ends[0], part, sizeof part)) > 0;) text.append(part, static_cast<std::size_t>(n));
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return text;
}

void shown()
{
    // Before this process has threads: thread sanitizer can't start any in a child then.
    std::string const folded_text = logged("");
    std::string const whole_text = logged("all_frames=1");
    if (!loopwatch::can_capture().works) return;
    constexpr auto folded = " frames in asio";
    expect(folded_text.find(folded) != std::string::npos, "the log folds frames");
    expect(whole_text.find(folded) == std::string::npos, "unless the environment asks for all");
}

void wrong()
{
    ::setenv("LOOPWATCH_OPTIONS", "lines_per_minute=many", 1);
    try {
        loopwatch::monitor const m;
    } catch (std::invalid_argument const& e) {
        expect(std::strstr(e.what(), "lines_per_minute=many") != nullptr, "the key and its value are named");
        return;
    }
    expect(false, "what is wrong in the environment is refused");
}

void off()
{
    ::setenv("LOOPWATCH_OPTIONS", "loopwatch=off", 1);
    auto const before = threads();
    net::io_context ctx;
    loopwatch::monitor m{ctx, {.threshold = 20ms}};
    auto watched = m.watch(ctx, "api");
    m.escalate(1ms, loopwatch::abort_process);
    block(ctx);
    m.set_threshold(10ms);
    m.pause();
    m.resume();
    m.reopen_sinks();
    block(ctx);
    expect(m.flush(60s), "there is nothing to wait for");
    expect(m.top().empty() && m.recent().empty() && m.lost() == 0, "nothing is seen");
    expect(watched.name().empty(), "nothing is watched");
    expect(threads() == before, "no thread is started");
}

// The environment is read once in a process.
void in_a_process(void (*test)())
{
    pid_t const child = ::fork();
    if (child == 0) {
        test();
        std::_Exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    expect(status == 0, "the child ends well");
}

}  // namespace

int main()
{
    in_a_process(&overridden);
    in_a_process(&wrong);
    in_a_process(&off);
    shown();
}
