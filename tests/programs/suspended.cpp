// SPDX-License-Identifier: BSL-1.0

// A process that is stopped for a while and goes on has blocked nobody: neither a loop that idles nor one in the midst
// of short handlers, and not at the moment of waking up either, when the guard may end before the watchdog has run.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <functional>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int times = 4;

/// Stops this process for 2 s, and then for 300 ms, `times` times in all, from a child that is made while there are no
/// other threads.
pid_t start_stopper()
{
    pid_t const child = ::fork();
    if (child != 0) return child;
    pid_t const parent = ::getppid();
    for (int i = 0; i < times; ++i) {
        ::usleep(100'000);
        ::kill(parent, SIGSTOP);
        ::usleep(i == 0 ? 2'000'000 : 300'000);
        ::kill(parent, SIGCONT);
    }
    ::_exit(0);
}

}  // namespace

int main()
{
    pid_t const stopper = start_stopper();
    int stops = 0;
    auto const until = test_clock::now() + 3400ms;
    while (test_clock::now() < until) {
        net::io_context ctx;
        loopwatch::no_loop_blocking guard{ctx, {.threshold = 100ms}};
        auto last = test_clock::now();
        bool stopped = false;
        // Some of the time it is busy, some of the time it idles; and it ends as soon as it has been stopped.
        std::function<void()> busy = [&] {
            auto const now = test_clock::now();
            stopped = now - last > 200ms;
            last = now;
            spin_through(1ms);
            if (!stopped && now < until) post(ctx, busy);
        };
        net::steady_timer tick{ctx};
        std::function<void()> idle = [&] {
            auto const now = test_clock::now();
            stopped = now - last > 200ms;
            last = now;
            tick.expires_after(5ms);
            if (!stopped && now < until) tick.async_wait([&](auto) { idle(); });
        };
        stops % 2 == 0 ? busy() : idle();
        ctx.run();
        stops += stopped ? 1 : 0;
        try {
            guard.finish();
        } catch (loopwatch::loop_blocked_error const& e) {
            expect(false, e.what());
        }
    }
    ::waitpid(stopper, nullptr, 0);
    expect(stops >= times - 1, "it was stopped, and noticed");
}
