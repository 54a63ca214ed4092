// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/net.hpp"
#include "support/stall.hpp"

#include <cstdio>
#include <ctime>
#include <string>

/// Computes for as long, by the thread's own clock.
[[gnu::noinline]] inline void compute_through(nanoseconds d)
{
    auto const used = [] {
        timespec t{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return std::chrono::seconds{t.tv_sec} + nanoseconds{t.tv_nsec};
    };
    auto const until = used() + d;
    while (used() < until) {
    }
}

/// Blocks loops by computing, until the stack of that was had by the signal. On a machine that gives this thread no CPU
/// the signal may not be answered in time: then once more. False: it was said that the signal is not ours.
inline bool captures_here()
{
    auto const ability = loopwatch::can_capture();
    for (int i = 0; ability.works && i < 50; ++i) {
        net::io_context ctx;
        loopwatch::no_loop_blocking guard{
            ctx, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
        post(ctx, [] { compute_through(30ms); });
        ctx.run();
        auto seen = guard.blocks();
        for (auto const& each : guard.excused()) seen.push_back(each);
        for (auto const& each : seen) {
            if (stack_names(each, "compute_through")) return true;
            if (each.stack_missing.find("capture signal") == std::string::npos) continue;
            if (each.stack_missing.find("did not answer") != std::string::npos) continue;
            std::fprintf(stderr, "%s\n", each.stack_missing.c_str());
            return false;
        }
    }
    std::fprintf(stderr, "%s\n", ability.works ? "not captured" : ability.why_not.c_str());
    return false;
}
