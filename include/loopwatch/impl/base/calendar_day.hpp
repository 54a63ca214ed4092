// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"

#include <chrono>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A day in UTC, stored as the number 20270131 for 2027-01-31. Not <chrono>'s calendar, which is sixty functions in
/// every file that compiles the implementation.
struct calendar_day {
    int number{0};

    [[nodiscard]] int year() const { return number / 10000; }
    [[nodiscard]] int month() const { return number / 100 % 100; }
    [[nodiscard]] int day() const { return number % 100; }

    friend bool operator==(calendar_day const&, calendar_day const&) = default;
};

/// Empty if there is no such day.
inline maybe<calendar_day> day_of(int year, int month, int day)
{
    bool const leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month < 1 || month > 12 || day < 1) return {};
    int const longest = month == 2 ? 28 + static_cast<int>(leap) : 30 + (month + month / 8) % 2;
    if (day > longest) return {};
    return calendar_day{year * 10000 + month * 100 + day};
}

/// The day that is so many days after 1970-01-01. Years are counted from March here, so that a leap day is the last of
/// its year; 400 years are 146097 days.
inline calendar_day day_of(std::int64_t since_1970)
{
    std::int64_t const since_year_0 = since_1970 + 719468;
    std::int64_t const era = since_year_0 / 146097;
    auto const of_era = static_cast<int>(since_year_0 % 146097);
    int const year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int const of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int const from_march = (5 * of_year + 2) / 153;
    int const month = from_march < 10 ? from_march + 3 : from_march - 9;
    int const year = static_cast<int>(era) * 400 + year_of_era + static_cast<int>(month <= 2);
    return {year * 10000 + month * 100 + of_year - (153 * from_march + 2) / 5 + 1};
}

inline calendar_day today()
{
    constexpr std::int64_t ticks = std::chrono::system_clock::duration{std::chrono::hours{24}}.count();
    return day_of(std::chrono::system_clock::now().time_since_epoch().count() / ticks);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
