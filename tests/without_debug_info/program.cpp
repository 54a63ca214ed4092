// SPDX-License-Identifier: BSL-1.0

// Blocks a loop once, and prints the report. Built and stripped in several ways.
#include "support/net.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

using namespace std::chrono_literals;

namespace {

// For so long of the thread's own time: on a busy machine a wait for a CPU is nobody's block. In one function, and
// line.
[[gnu::noinline]] int computes(std::chrono::milliseconds time)
{
    int rounds = 0;
    std::timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    auto const ms = [](std::timespec const& t) { return t.tv_sec * 1000 + t.tv_nsec / 1'000'000; };
    auto const until = ms(now) + time.count();
    while (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0 && ms(now) < until)  // here it blocks
        ++rounds;
    return rounds;
}

}  // namespace

namespace exported {

[[gnu::noinline]] int calls_what_computes()
{
    int const rounds = computes(100ms);  // here it calls

    __asm__ volatile("nop" ::: "memory");  // what is returned to is another line
    return rounds;
}

}  // namespace exported

int main()
{
    net::io_context ctx;
    std::string text = "nothing was reported\n";
    {
        loopwatch::no_loop_blocking guard{ctx,
                                          {.threshold = 20ms, .action = loopwatch::on_block::log},
                                          [&](loopwatch::block_report const& r) { text = to_string(r); }};
        post(ctx, [] { exported::calls_what_computes(); });
        ctx.run();
    }
    std::fputs(text.c_str(), stdout);
}
