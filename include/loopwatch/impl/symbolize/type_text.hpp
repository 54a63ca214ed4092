// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/many.hpp"
#include "demangled.hpp"
#include "function_name.hpp"

#include <cstddef>
#include <string>
#include <string_view>

// The names of types as text. Pure.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// An instance of a template in its parts: "a<int>::b<c, d<e>>" is "a<int>::b" of "c" and "d<e>". What is none has
/// no arguments, and is all name.
struct template_parts {
    std::string_view name;
    many<std::string_view> arguments;
};

constexpr std::string_view without_blanks_around(std::string_view text)
{
    auto const first = text.find_first_not_of(' ');
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

/// The text up to the first of these characters that is in no bracket; all of it if there is none.
constexpr std::string_view up_to(std::string_view text, std::string_view ends)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (ends.find(text[i]) != ends.npos) return text.substr(0, i);
        if (std::string_view{"<({["}.find(text[i]) != text.npos) i = end_of_bracket(text, i) - 1;
    }
    return text;
}

inline template_parts template_parts_of(std::string_view type)
{
    template_parts parts{type, {}};
    std::string_view name = up_to(type, "<");
    for (;;) {
        if (name.size() == type.size() || name.empty()) return parts;
        std::size_t const end = end_of_bracket(type, name.size());
        if (end == type.size()) break;
        name = type.substr(0, end + up_to(type.substr(end), "<").size());
    }
    if (!type.ends_with('>')) return parts;
    parts.name = name;
    std::string_view rest = type.substr(name.size() + 1, type.size() - name.size() - 2);
    while (!rest.empty()) {
        std::string_view const one = up_to(rest, ",");
        parts.arguments.push_back(without_blanks_around(one));
        rest.remove_prefix(one.size() < rest.size() ? one.size() + 1 : one.size());
    }
    return parts;
}

/// A type, spelled as in source code, by what the compiler calls it: its mangled name, or, where there is no RTTI, what
/// __PRETTY_FUNCTION__ says of a template with a parameter "Operation". "": it can't be demangled, as gcc 12's runtime
/// can't some generic lambdas.
inline std::string type_text(std::string_view compilers_name)
{
    constexpr std::string_view mark = "Operation = ";
    std::string text;
    if (auto const at = compilers_name.find(mark); at != compilers_name.npos) {
        text = up_to(compilers_name.substr(at + mark.size()), ";]");
        replace_all(text, "{anonymous}", "(anonymous namespace)");
    } else {
        text = demangled(std::string{compilers_name}.c_str());
        if (text == compilers_name) return {};
    }
    spell_as_in_source(text);
    return text;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
