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

/// The clock that goes while a thread runs, and only then.
[[nodiscard]] inline clockid_t run_clock_of(thread_number thread)
{
    // Its number is made of the thread's own, as in <linux/posix-timers.h>: no pthread_t is needed.
    constexpr std::uint32_t of_thread = 4;
    constexpr std::uint32_t scheduled = 2;
    return static_cast<clockid_t>((~static_cast<std::uint32_t>(thread) << 3) | of_thread | scheduled);
}

/// For how long a thread of this process has run: while it stands still, so does the thread. A third of a microsecond.
/// Nothing, if the thread is gone. To ask for it also makes the kernel add up what schedstat tells of a running thread,
/// which it does by itself no more often than its clock ticks, each 1 to 10 ms. Changes errno.
[[nodiscard]] inline maybe<nanoseconds> run_time_of(thread_number thread)
{
    timespec t{};
    if (::clock_gettime(run_clock_of(thread), &t) != 0) return nothing;
    return nanoseconds{t.tv_sec * 1'000'000'000 + t.tv_nsec};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
