// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "clock.hpp"

#include <chrono>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// It may tick in another unit than nanoseconds, and then takes no sum with them.
using wall_clock = std::chrono::system_clock;

[[nodiscard]] constexpr wall_clock::duration in_wall_ticks(nanoseconds d)
{
    return std::chrono::duration_cast<wall_clock::duration>(d);
}

/// The nanoseconds since 1970 of a time, and the time of these.
[[nodiscard]] constexpr nanoseconds since_1970(wall_clock::time_point at)
{
    return std::chrono::duration_cast<nanoseconds>(at.time_since_epoch());
}
[[nodiscard]] constexpr wall_clock::time_point wall_time(nanoseconds since)
{
    return wall_clock::time_point{in_wall_ticks(since)};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
