// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../glob.hpp"

#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

constexpr bool matches_one_of(std::string_view patterns, std::string_view text) noexcept
{
    for (;;) {
        auto const end = patterns.find(':');
        if (glob_matches(patterns.substr(0, end), text)) return true;
        if (end == patterns.npos) return false;
        patterns.remove_prefix(end + 1);
    }
}

/// Pure. Like --gtest_filter: patterns separated by colons, then optionally '-' and patterns of tests to leave out.
constexpr bool matches_filter(std::string_view filter, std::string_view test) noexcept
{
    auto const minus = filter.find('-');
    auto const wanted = filter.substr(0, minus);
    if (!matches_one_of(wanted.empty() ? "*" : wanted, test)) return false;
    return minus == filter.npos || !matches_one_of(filter.substr(minus + 1), test);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
