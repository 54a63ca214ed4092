// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <cstddef>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Whether the pattern matches the whole text: `*` matches any number of any characters, '/' included, `?` any one;
/// others match themselves. Pure. Time: at worst the product of the lengths.
constexpr bool glob_matches(std::string_view pattern, std::string_view text) noexcept
{
    std::size_t p = 0;
    std::size_t t = 0;
    // On a mismatch the last star takes one more character. Earlier stars need not be tried again.
    std::size_t after_star = pattern.npos;
    std::size_t taken_to = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            after_star = ++p;
            taken_to = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (after_star != pattern.npos) {
            p = after_star;
            t = ++taken_to;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

/// Whether the pattern matches a path, or its part after any '/': "third_party/*" matches "/home/a/third_party/b.hpp".
/// A pattern that begins with '/' is for the whole path.
constexpr bool glob_matches_path(std::string_view pattern, std::string_view path) noexcept
{
    if (glob_matches(pattern, path)) return true;
    for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1))
        if (glob_matches(pattern, path.substr(slash + 1))) return true;
    return false;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
