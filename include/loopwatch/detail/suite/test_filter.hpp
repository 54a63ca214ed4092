// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

#include <cstddef>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Pure. `*` stands for any text, `?` for one character.
constexpr bool matches_wildcards(std::string_view pattern, std::string_view text) noexcept
{
    std::size_t p = 0, t = 0;
    std::size_t star = pattern.npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != pattern.npos) {
            p = star + 1;  // let the last star stand for one character more
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

constexpr bool matches_one_of(std::string_view patterns, std::string_view text) noexcept
{
    for (;;) {
        auto const end = patterns.find(':');
        if (matches_wildcards(patterns.substr(0, end), text)) return true;
        if (end == patterns.npos) return false;
        patterns.remove_prefix(end + 1);
    }
}

/// Pure. As --gtest_filter: patterns with colons between them, then a minus, then patterns of what is left out.
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
