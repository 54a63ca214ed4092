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

/// How much CPU time is attributed to each look at a thread. Looks that are no samples get none. Pure.
///
/// What the thread used between two samples is shared, for when it went on from one to the other is not known. If it
/// was asleep at the second, it had used that time before it fell asleep: all is the first one's. If it was asleep at
/// the first, or may have been (in a system call, and not on a CPU since the sample before that), all is the second
/// one's.
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
        // Without counters, one that sleeps or is in a system call may not have used any.
        nanoseconds const uncounted = look.asleep || look.in_call ? nanoseconds{0} : look.taken_at - before_at;
        nanoseconds const used = std::max(nanoseconds{0}, counted ? on_cpu : uncounted);
        nanoseconds of_first{};
        if (of_before != nullptr) {
            bool const computed = *of_before > nanoseconds{0};
            of_first = look.asleep ? used : computed ? used / 2 : nanoseconds{0};
            *of_before += of_first;
        }
        nanoseconds const least{look.in_call ? 0 : 1};
        if (!look.asleep) times[i] = std::max(least, used - of_first);
        before = now;
        before_at = look.taken_at;
        of_before = &times[i];
    }
    return times;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
