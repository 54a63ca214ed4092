// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../platform/thread.hpp"

#include <chrono>
#include <cstdint>
#include <ctime>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The CPU-time clock of a thread, which advances only while the thread runs.
[[nodiscard]] inline clockid_t run_clock_of(thread_number thread)
{
    // Its id is computed from the thread's number, as in <linux/posix-timers.h>: no pthread_t is needed.
    constexpr std::uint32_t of_thread = 4;
    constexpr std::uint32_t scheduled = 2;
    return static_cast<clockid_t>((~static_cast<std::uint32_t>(thread) << 3) | of_thread | scheduled);
}

/// The CPU time of a thread of this process; nothing if the thread has ended. If two readings are equal, the thread did
/// not run in between. Takes 0.3 us. Also makes the kernel update the schedstat of a running thread, which it otherwise
/// does only at its clock ticks, every 1 to 10 ms. Changes errno.
[[nodiscard]] inline maybe<nanoseconds> run_time_of(thread_number thread)
{
    timespec t{};
    if (::clock_gettime(run_clock_of(thread), &t) != 0) return nothing;
    return nanoseconds{t.tv_sec * 1'000'000'000 + t.tv_nsec};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
