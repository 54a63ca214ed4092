// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/formatted.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r";
    auto const begin = text.find_first_not_of(blanks);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

inline bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

/// Escapes `special` and control characters as %20 and the like, so that they do not end a value or a line.
inline std::string escaped(std::string_view text, std::string_view special)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        bool const looks_escaped =
            c == '%' && i + 2 < text.size() && is_hex_digit(text[i + 1]) && is_hex_digit(text[i + 2]);
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || looks_escaped || special.find(c) != special.npos)
            ((out += '%') += digits[byte >> 4U]) += digits[byte & 0xfU];
        else
            out += c;
    }
    return out;
}

inline std::string unescaped(std::string_view text)
{
    auto const value = [](char digit) { return static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10); };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && is_hex_digit(text[i + 1]) && is_hex_digit(text[i + 2])) {
            out += static_cast<char>(static_cast<unsigned char>(value(text[i + 1]) << 4U | value(text[i + 2])));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// Pure. The cause with this name. Throws: std::invalid_argument that names it, if there is none.
inline cause cause_named(std::string_view name)
{
    cause const* const known = first_of(all_causes, [&](cause c) { return to_string(c) == name; });
    if (known != nullptr) return *known;
    std::string allowed;
    for (cause const each : all_causes) (allowed += ' ') += to_string(each);
    throw std::invalid_argument{formatted("cause:{}: there is no such cause; there are{}", {name, allowed})};
}

/// A line of a suppressions file or a baseline: "kind:pattern  key=value  # comment". Pure; the text must outlive it.
class block_line {
public:
    explicit block_line(std::string_view line) : rest_{trimmed(line)}
    {
        if (rest_.starts_with('#')) rest_ = {};
        auto const at = word_start("#", 0);
        if (at == rest_.npos) return;
        comment_ = trimmed(rest_.substr(at + 1));
        rest_ = trimmed(rest_.substr(0, at));
    }

    /// Whether the line is blank or only a comment.
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    [[nodiscard]] std::string_view comment() const { return comment_; }

    /// Removes the last "key=" and all after it, which is the value. False: there is none. The last one counts, as a
    /// function's name may contain "key=", too.
    bool take(std::string_view key, std::string_view& value)
    {
        std::string const start = std::string{key} + '=';
        auto at = rest_.npos;
        for (auto next = word_start(start, 0); next != rest_.npos; next = word_start(start, next + 1)) at = next;
        if (at == rest_.npos) return false;
        value = trimmed(rest_.substr(at + start.size()));
        rest_ = trimmed(rest_.substr(0, at));
        return true;
    }

    /// The text before the colon, or all if there is none.
    [[nodiscard]] std::string_view kind() const { return rest_.substr(0, rest_.find(':')); }
    [[nodiscard]] bool has_kind() const { return rest_.find(':') != rest_.npos; }
    [[nodiscard]] std::string_view pattern() const
    {
        return has_kind() ? trimmed(rest_.substr(kind().size() + 1)) : "";
    }

private:
    /// The next place where `word` follows a blank, or npos. So the '#' in "f()::{lambda()#1}" is no comment.
    [[nodiscard]] std::size_t word_start(std::string_view word, std::size_t from) const
    {
        for (auto at = rest_.find(word, from); at != rest_.npos; at = rest_.find(word, at + 1))
            if (at > 0 && (rest_[at - 1] == ' ' || rest_[at - 1] == '\t')) return at;
        return rest_.npos;
    }

    std::string_view rest_;
    std::string_view comment_;
};

/// Calls `read` with each line and its number. Throws: what `read` throws as std::invalid_argument, with `name` and the
/// line's number put before its text.
template <typename Read>
void for_each_line(std::string_view text, std::string const& name, Read read)
{
    for (unsigned line = 1; !text.empty(); ++line) {
        auto const end = text.find('\n');
        try {
            read(text.substr(0, end), line);
        } catch (std::invalid_argument const& wrong) {
            throw std::invalid_argument{formatted("loopwatch: {}:{}: {}", {name, line, wrong.what()})};
        }
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
