// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"
#include "../../base/many.hpp"
#include "../../base/template_arguments.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Whether this byte continues a UTF-8 character begun by an earlier one.
constexpr bool is_inside_utf8(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// How many columns a text takes: one per character. Wide and combining characters are rare in names, and not handled.
constexpr std::size_t columns_of(std::string_view text) noexcept
{
    std::size_t columns = 0;
    for (char const c : text)
        if (!is_inside_utf8(c)) ++columns;
    return columns;
}

/// A function's name, shortened if it takes more columns than given: template arguments become "<...>", the inner ones
/// first. The result may still be too long.
///
/// Pure. Throws: std::bad_alloc.
inline std::string shortened(std::string_view name, std::size_t columns)
{
    std::string text{name};
    for (std::size_t levels = 3; columns_of(text) > columns && levels-- > 0;)
        text = with_arguments_to(levels, name, "<...>");
    return text;
}

enum class text_kind {
    prose,  // broken at blanks only: a path or a command must stay whole
    name    // a function's name: broken after a parameter if possible, else within one, else anywhere
};

/// Whether a new line may begin at the character at `i`, which is not the first. `inside`: also within a parameter,
/// after an opening bracket or a scope.
constexpr bool may_break(std::string_view text, std::size_t i, text_kind kind, bool inside) noexcept
{
    if (kind == text_kind::prose) return text[i] == ' ';
    auto const before = text.substr(0, i);
    if (!inside) return before.ends_with(',');
    auto const rest = text.substr(i);
    bool const in_one_word = rest.starts_with("...") || rest.starts_with('*') || rest.starts_with(" namespace)");
    return !in_one_word && (text[i] == ' ' || before.ends_with('(') || before.ends_with('<') || before.ends_with("::"));
}

/// Where to break a text, so that at most `columns` are before the break; its end if it is no longer. Prose without a
/// blank in reach is broken at the next one.
constexpr std::size_t break_of(std::string_view text, std::size_t columns, text_kind kind) noexcept
{
    std::size_t limit = 0;
    for (std::size_t taken = 0; limit < text.size(); ++limit)
        if (!is_inside_utf8(text[limit]) && taken++ == columns) break;
    if (limit == text.size()) return limit;
    for (std::size_t i = limit; i > 0 && (i > limit / 2 || kind == text_kind::prose); --i)
        if (may_break(text, i, kind, false)) return i;
    for (std::size_t i = limit; i > 0 && kind == text_kind::name; --i)
        if (may_break(text, i, kind, true)) return i;
    return kind == text_kind::name ? limit : std::min(text.find(' ', limit), text.size());
}

/// Pure. Breaks a text into lines of at most `columns`, where possible. Blanks at a break are removed.
inline many<std::string_view> broken(std::string_view text, std::size_t columns, text_kind kind)
{
    // Narrower lines would be unreadable.
    columns = std::max<std::size_t>(columns, 16);
    many<std::string_view> lines;
    for (;;) {
        auto const at = break_of(text, columns, kind);
        lines.push_back(text.substr(0, at));
        auto const more = text.find_first_not_of(' ', at);
        if (more == text.npos) return lines;
        text.remove_prefix(more);
    }
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
