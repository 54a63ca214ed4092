// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "calendar_day.hpp"
#include "formatted.hpp"
#include "wall_clock.hpp"

#include <cstdint>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// As RFC 3339 has it, in UTC: "2026-11-28T07:50:55.123456Z".
inline std::string utc_text(wall_clock::time_point at)
{
    constexpr std::int64_t day = 86'400'000'000;
    std::int64_t const us = since_1970(at).count() / 1000;
    std::int64_t const days = us / day - static_cast<std::int64_t>(us % day < 0);
    std::int64_t const of_day = us - days * day;
    std::int64_t const seconds = of_day / 1'000'000;
    calendar_day const date = day_of(days);
    return formatted(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        {date.year(), date.month(), date.day(), seconds / 3600, seconds / 60 % 60, seconds % 60, of_day % 1'000'000});
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
