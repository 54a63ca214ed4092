// SPDX-License-Identifier: BSL-1.0

// On a machine with four times as many busy threads as processors, short handlers take long, and nobody is blamed.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

std::vector<pid_t> start_hogs()
{
    std::vector<pid_t> hogs;
    for (unsigned i = 0; i < 4 * std::max(1U, std::thread::hardware_concurrency()); ++i) {
        pid_t const child = ::fork();
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) __asm__ volatile("");
        }
        hogs.push_back(child);
    }
    return hogs;
}

/// Not by the wall's clock, which goes on while the thread waits.
void compute_for_a_millisecond()
{
    auto const now = [] {
        timespec t{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return std::chrono::seconds{t.tv_sec} + nanoseconds{t.tv_nsec};
    };
    for (auto const until = now() + 1ms; now() < until;) {
    }
}

}  // namespace

int main()
{
    auto const hogs = start_hogs();
    std::size_t excused = 0;
    for (int run = 0; run < 12; ++run) {
        net::io_context ctx;
        auto const ignore = [](loopwatch::block_report const&) {};
        loopwatch::no_loop_blocking guard{ctx, {.threshold = 10ms}, ignore};
        // An idle strand, of which no thread in particular runs the handlers.
        net::thread_pool pool{2};
        loopwatch::no_loop_blocking strand_guard{net::make_strand(pool), {.threshold = 10ms}, ignore};
        // One of two threads is busy, the other is free.
        net::thread_pool half{2};
        loopwatch::no_loop_blocking half_guard{half, {.threshold = 10ms}, ignore};
        post(half, [] { sleep_through(200ms); });
        auto const until = test_clock::now() + 250ms;
        net::steady_timer pause{ctx};
        std::function<void()> request = [&] {
            compute_for_a_millisecond();
            if (test_clock::now() >= until) return;
            pause.expires_after(500us);
            pause.async_wait([&](auto) { request(); });
        };
        post(ctx, [&] { request(); });
        ctx.run();
        try {
            guard.finish();
            strand_guard.finish();
            half_guard.finish();
        } catch (loopwatch::loop_blocked_error const& e) {
            for (pid_t const hog : hogs) ::kill(hog, SIGKILL);
            expect(false, e.what());
        }
        for (auto const& report : guard.excused())
            expect(report.cause == loopwatch::cause::starved || report.cause == loopwatch::cause::suspended,
                   to_string(report).c_str());
        excused += guard.excused().size();
    }
    for (pid_t const hog : hogs) {
        ::kill(hog, SIGKILL);
        ::waitpid(hog, nullptr, 0);
    }
    std::printf("12 runs, %zu waits excused\n", excused);
}
