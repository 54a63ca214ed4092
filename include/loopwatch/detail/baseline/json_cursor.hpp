// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../fixed.hpp"
#include "../formatted.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// As JSON escapes a text; what is beyond ASCII stays as it is.
inline std::string json_text(std::string_view text)
{
    std::string out{'"'};
    for (char const c : text) {
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (static_cast<unsigned char>(c) < 0x20)
            out += formatted("\\u{:04x}", {static_cast<unsigned>(c)});
        else
            out += c;
    }
    return out += '"';
}

/// Reads the tokens of JSON one after the other, for those who know what must come next.
///
/// Throws: std::invalid_argument that names the file, as `name`, the line, and what should stand there.
class json_cursor {
public:
    /// Both must outlive it.
    json_cursor(std::string_view text, std::string const& name) : rest_{text}, name_{name} {}

    bool next_is(char c)
    {
        skip_blanks();
        return rest_.starts_with(c);
    }

    void expect(char c)
    {
        if (!next_is(c)) expected(std::string{c});
        take(1);
    }

    /// The key of an object, and its colon.
    void key(std::string_view name)
    {
        skip_blanks();
        auto const before = rest_;
        if (!before.starts_with('"') || string() != name) {
            rest_ = before;
            expected(formatted("\"{}\"", {name}));
        }
        expect(':');
    }

    std::string string()
    {
        expect('"');
        std::string text;
        while (!rest_.starts_with('"')) {
            if (rest_.empty() || static_cast<unsigned char>(rest_.front()) < 0x20) expected("the closing \"");
            if (rest_.front() != '\\')
                text += take(1);
            else
                put_escape(text);
        }
        take(1);
        return text;
    }

    /// Its text: digits, perhaps with a point.
    std::string_view number()
    {
        skip_blanks();
        auto const end = std::min(rest_.find_first_not_of("0123456789."), rest_.size());
        if (end == 0) expected("a number");
        return take(end);
    }

    void expect_end()
    {
        skip_blanks();
        if (!rest_.empty()) refuse("something stands behind the end");
    }

    [[noreturn]] void refuse(std::string const& why) const
    {
        throw std::invalid_argument{formatted("loopwatch: {}:{}: {}", {name_, line_, why})};
    }

private:
    void put_escape(std::string& to)
    {
        constexpr fixed<std::pair<char, char>, 8> known{
            {{'"', '"'}, {'\\', '\\'}, {'/', '/'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}}};
        take(1);
        char const which = rest_.empty() ? '\0' : take(1).front();
        for (auto const& [name, meant] : known) {
            if (name != which) continue;
            to += meant;
            return;
        }
        if (which != 'u') expected("\", \\, /, b, f, n, r, t or u behind a \\");
        unsigned point = four_digits();
        if (point >= 0xd800 && point < 0xdc00 && rest_.starts_with("\\u")) {
            take(2);
            unsigned const low = four_digits();
            if (low < 0xdc00 || low > 0xdfff) refuse("half of a pair of \\u is no text");
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        }
        if (point >= 0xd800 && point < 0xe000) refuse("half of a pair of \\u is no text");
        put_utf8(to, point);
    }

    unsigned four_digits()
    {
        auto const digits = take(4);
        unsigned value = 0;
        auto const [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        if (digits.size() != 4 || error != std::errc{} || rest != digits.data() + 4) refuse("\\u needs four digits");
        return value;
    }

    static void put_utf8(std::string& to, unsigned point)
    {
        auto const put = [&to](unsigned byte) { to += static_cast<char>(static_cast<unsigned char>(byte)); };
        if (point < 0x80) return put(point);
        if (point < 0x800) {
            put(0xc0 | point >> 6);
        } else {
            if (point < 0x10000) {
                put(0xe0 | point >> 12);
            } else {
                put(0xf0 | point >> 18);
                put(0x80 | (point >> 12 & 0x3f));
            }
            put(0x80 | (point >> 6 & 0x3f));
        }
        put(0x80 | (point & 0x3f));
    }

    void skip_blanks()
    {
        auto const end = std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size());
        for (char const c : take(end)) line_ += c == '\n' ? 1U : 0U;
    }

    std::string_view take(std::size_t size)
    {
        auto const front = rest_.substr(0, size);
        rest_.remove_prefix(front.size());
        return front;
    }

    [[noreturn]] void expected(std::string const& what) const
    {
        refuse(formatted(
            "here {} should stand, and not {}",
            {what, rest_.empty() ? "the end" : json_text(rest_.substr(0, std::min(rest_.find('\n'), most_shown)))}));
    }

    static constexpr std::size_t most_shown = 20;

    std::string_view rest_;
    std::string const& name_;
    unsigned line_{1};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
