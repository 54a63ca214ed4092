// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The length of the token at `at`, if it has angle brackets that do not enclose template arguments, as "operator<=>"
/// and "->"; else 0.
constexpr std::size_t token_with_angles(std::string_view name, std::size_t at) noexcept
{
    using namespace std::string_view_literals;
    auto const rest = name.substr(at);
    if (rest.starts_with("->"sv)) return 2;
    constexpr std::string_view word = "operator";
    if (!rest.starts_with(word)) return 0;
    // A longer one stands before those that it begins with.
    for (auto const symbol : {"<=>"sv, "<<="sv, ">>="sv, "->*"sv, "->"sv, "<<"sv, ">>"sv, "<="sv, ">="sv, "<"sv, ">"sv})
        if (rest.substr(word.size()).starts_with(symbol)) return word.size() + symbol.size();
    return 0;
}

/// A demangled name whose template arguments are replaced by `instead` where they are nested deeper than `levels`.
/// With "...", `f<a<int>, b>` becomes `f<a<...>, b>` for one level, `f<...>` for none.
///
/// Pure. Throws: std::bad_alloc.
inline std::string with_arguments_to(std::size_t levels, std::string_view name, std::string_view instead)
{
    std::string text;
    std::size_t depth = 0;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (auto const size = token_with_angles(name, i)) {
            if (depth <= levels) text += name.substr(i, size);
            i += size - 1;
        } else if (name[i] == '<') {
            if (++depth == levels + 1) text += instead;
            if (depth <= levels) text += '<';
        } else if (name[i] == '>' && depth > 0) {
            if (depth-- <= levels) text += '>';
        } else if (depth <= levels) {
            text += name[i];
        }
    }
    return text;
}

/// The name without any template arguments: "std::this_thread::sleep_for".
inline std::string without_arguments(std::string_view qualified) { return with_arguments_to(0, qualified, ""); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
