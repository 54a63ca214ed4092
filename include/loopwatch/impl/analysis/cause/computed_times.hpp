// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"
#include "../../base/clock.hpp"
#include "../../base/many.hpp"
#include "../../evidence/reading.hpp"
#include "../named_block.hpp"

#include <algorithm>
#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How much CPU time is attributed to each look at a thread: what the thread used since the sample before. Looks that
/// are no samples get none. Pure.
///
/// If the stack was copied while the thread slept, the thread had used that time before it fell asleep: then it is
/// attributed to the sample before.
inline many<nanoseconds> computed_times(named_thread const& thread, time_point began)
{
    many<nanoseconds> times;
    times.resize(thread.looks.size());
    thread_counters before = thread.counters_at_beginning();
    time_point before_at = began;
    nanoseconds* of_before = nullptr;
    for (std::size_t i = 0; i < thread.looks.size(); ++i) {
        named_look const& look = thread.looks[i];
        if (!is_sample(look)) continue;
        thread_counters const& now = look.reading.counters;
        bool const counted = before.known && now.known;
        nanoseconds const on_cpu = counted ? now.on_cpu - before.on_cpu : nanoseconds{0};
        if (look.asleep) {
            if (of_before != nullptr) *of_before += std::max(nanoseconds{0}, on_cpu);
        } else {
            // Without counters, a thread in a system call may not have used any.
            nanoseconds const uncounted = look.in_call ? nanoseconds{0} : look.taken_at - before_at;
            nanoseconds const least{look.in_call ? 0 : 1};
            times[i] = std::max(least, counted ? on_cpu : uncounted);
        }
        before = now;
        before_at = look.taken_at;
        of_before = &times[i];
    }
    return times;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
