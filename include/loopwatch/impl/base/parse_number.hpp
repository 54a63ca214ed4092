// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"

#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A whole number in decimal digits, and nothing else: no sign, no blanks. Empty if it is none, or beyond 64 bits.
///
/// Pure, allocates nothing, throws nothing.
inline maybe<std::uint64_t> parse_number(std::string_view text) noexcept
{
    std::uint64_t number = 0;
    char const* const begin = text.data();
    char const* const end = begin + text.size();
    auto const [rest, error] = std::from_chars(begin, end, number);
    if (error != std::errc{} || rest != end) return {};
    return number;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
