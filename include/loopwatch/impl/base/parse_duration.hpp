// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "fixed.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <system_error>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The syntax of parse_duration(), for error messages.
inline constexpr std::string_view duration_syntax =
    "a number with its unit, ns, us, ms, s or min, such as 50ms or 1.5s";

/// Parses "50ms", "1.5s", "250us", "2min". Nothing may stand before the number, or between it and the unit. Empty if it
/// is anything else, is not a whole number of nanoseconds, or is beyond 292 years.
///
/// Pure, allocates nothing, throws nothing.
inline maybe<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept
{
    struct unit {
        std::string_view name;
        std::int64_t nanoseconds;
    };
    constexpr fixed<unit, 5> units{
        {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"min", 60'000'000'000}}};
    constexpr std::string_view digits = "0123456789";
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

    auto const take = [&text](std::size_t size) {
        auto const front = text.substr(0, size);
        text.remove_prefix(front.size());
        return front;
    };
    auto const take_digits = [&] { return take(text.find_first_not_of(digits)); };

    auto const whole = take_digits();
    if (whole.empty()) return {};
    std::string_view fraction;
    if (text.starts_with('.')) {
        take(1);
        fraction = take_digits();
        if (fraction.empty()) return {};
    }
    for (unit const& each : units) {
        if (text != each.name) continue;
        std::int64_t number = 0;
        if (std::from_chars(whole.data(), whole.data() + whole.size(), number).ec != std::errc{}) return {};
        if (number > most / each.nanoseconds) return {};
        std::int64_t total = number * each.nanoseconds;
        // In integers: a double would make 0.3 ms a nanosecond short.
        std::int64_t place = each.nanoseconds;
        for (char const digit : fraction) {
            std::int64_t const count = digit - '0';
            if (count != 0 && (place == 0 || place % 10 != 0)) return {};  // finer than a nanosecond
            place /= 10;
            if (count * place > most - total) return {};
            total += count * place;
        }
        return std::chrono::nanoseconds{total};
    }
    return {};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
