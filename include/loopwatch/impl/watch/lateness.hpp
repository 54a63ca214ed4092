// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../evidence/reading.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// When the watchdog meant to wake, later by what it waited for a CPU since it last counted. That the machine gave it
/// none says nothing of the loops: whether their threads waited as well, their own counters say. By what it is late
/// beyond that, the machine or the process stood still, and the loops with it. Pure.
inline time_point planned_but_for_queue(time_point planned, thread_counters const& before, thread_counters const& now)
{
    bool const counted = before.known && now.known && before.queue_counted && now.queue_counted;
    return counted && planned != time_point::max() ? planned + (now.in_queue - before.in_queue) : planned;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
