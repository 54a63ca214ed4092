// SPDX-License-Identifier: BSL-1.0

// Blocks a loop once, and prints the report. Built and stripped in several ways.
#include "support/net.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

using namespace std::chrono_literals;

namespace {

// Of the thread's own time: on a busy machine a wait for a CPU is nobody's block.
[[gnu::always_inline]] inline std::chrono::nanoseconds time_on_cpu()
{
    std::timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

[[gnu::noinline]] int computes(std::chrono::milliseconds time)
{
    int rounds = 0;
    auto const until = time_on_cpu() + time;
    while (time_on_cpu() < until)  // here it blocks
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
