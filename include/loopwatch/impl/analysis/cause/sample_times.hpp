// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"
#include "../../base/clock.hpp"
#include "../../base/many.hpp"
#include "../../evidence/reading.hpp"
#include "../named_block.hpp"

#include <algorithm>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// When a thread was seen, and how long it had waited for a CPU by then. The kernel counts a wait only when it is over.
struct seen_when {
    nanoseconds at{};            // since the block began
    nanoseconds run_delay{};     // all waits that were over
    nanoseconds pending{};       // so long it may have been waiting already
    nanoseconds counted_late{};  // by so much after `at`
};

/// The one after `before`, by the counters at both. If these have not moved the thread may have been waiting ever
/// since. Else it may be waiting for as long as it was on no CPU, less the waits that are certainly over. Pure.
inline seen_when next_seen(seen_when const& before, thread_counters const& then, nanoseconds at,
                           thread_counters const& now)
{
    seen_when seen{at, now.run_delay, {}, {}};
    nanoseconds const distance = now.at - then.at;
    bool const moved = now.slices != then.slices || now.on_cpu != then.on_cpu;
    nanoseconds const over = std::max(nanoseconds{0}, now.run_delay - then.run_delay - before.pending);
    seen.pending =
        moved ? std::max(nanoseconds{0}, distance - (now.on_cpu - then.on_cpu) - over) : before.pending + distance;
    return seen;
}

/// How much of the time between these two a handler may have taken: all but what the thread certainly waited for a CPU.
/// Pure.
[[nodiscard]] inline nanoseconds own_between(seen_when const& from, seen_when const& to)
{
    nanoseconds const waited = to.run_delay - from.run_delay - from.pending - to.counted_late;
    return std::max(nanoseconds{0}, to.at - from.at - std::max(nanoseconds{0}, waited));
}

/// The moment that each look at a thread shows, and the wait for a CPU until then, by the counters. A thread that is
/// asked for its stack runs nothing of its own before it answers. So a look shows the moment at which the thread was
/// asked, however long it then waited for a CPU. Pure.
inline many<seen_when> sample_times(named_thread const& thread, time_point began)
{
    many<seen_when> times;
    thread_counters before = thread.counters_at_beginning();
    seen_when last;
    for (named_look const& look : thread.looks) {
        thread_counters const& now = look.reading.counters;
        if (!now.known || !now.run_delay_counted) {
            times.push_back({.at = look.taken_at - began});
            continue;
        }
        time_point const asked_at = std::min(look.taken_at, now.at);
        if (before.known)
            last = next_seen(last, before, asked_at - began, now);
        else  // it may have been waiting for any time
            last = {asked_at - began, now.run_delay, nanoseconds::max() / 4, {}};
        last.counted_late = now.at - asked_at;
        before = now;
        times.push_back(last);
    }
    return times;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
