// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "formatted.hpp"
#include "printable.hpp"

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Appends the text as a JSON string (RFC 8259): quotes, backslashes and control characters are escaped, each byte that
/// is not UTF-8 becomes U+FFFD. It has no line end.
inline void append_json_string(std::string& to, std::string_view text)
{
    to += '"';
    while (!text.empty()) {
        std::size_t plain = 0;
        auto const is_plain = [](char c) {
            auto const byte = static_cast<unsigned char>(c);
            return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
        };
        while (plain < text.size() && is_plain(text[plain])) ++plain;
        to += text.substr(0, plain);
        text.remove_prefix(plain);
        if (text.empty()) break;

        std::size_t const size = character_size(text);
        switch (text[0]) {
            case '"': to += "\\\""; break;
            case '\\': to += "\\\\"; break;
            case '\n': to += "\\n"; break;
            case '\r': to += "\\r"; break;
            case '\t': to += "\\t"; break;
            default:
                if (size == 0)
                    to += "\xef\xbf\xbd";
                else if (printable_size(text) != 0)
                    to += text.substr(0, size);
                else  // the others are of one byte, but for U+0080 to U+009F, whose number is their second one
                    to += formatted("\\u{:04x}", {static_cast<unsigned char>(text[size - 1])});
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    to += '"';
}

/// Writes JSON, in one line. Puts the commas; that keys and values alternate, and all that begins ends, is its
/// caller's:
///
///     json_writer json;
///     json.begin_object().member("loop", name).key("stack").begin_array().value("f()").end_array().end_object();
///
/// Throws: std::bad_alloc.
class json_writer {
public:
    json_writer& begin_object() { return begin('{'); }
    json_writer& end_object() { return end('}'); }
    json_writer& begin_array() { return begin('['); }
    json_writer& end_array() { return end(']'); }

    json_writer& key(std::string_view name)
    {
        value(name);
        text_ += ':';
        needs_comma_ = false;
        return *this;
    }

    json_writer& value(std::string_view text)
    {
        next();
        append_json_string(text_, text);
        return *this;
    }
    json_writer& value(std::string const& text) { return value(std::string_view{text}); }
    json_writer& value(char const* text) { return value(std::string_view{text}); }
    json_writer& value(bool is) { return verbatim(is ? "true" : "false"); }
    json_writer& value(long long number) { return verbatim(formatted("{}", {number})); }
    json_writer& value(unsigned long long number) { return verbatim(formatted("{}", {number})); }
    json_writer& value(int number) { return value(static_cast<long long>(number)); }
    json_writer& value(long number) { return value(static_cast<long long>(number)); }
    json_writer& value(unsigned number) { return value(static_cast<unsigned long long>(number)); }
    json_writer& value(unsigned long number) { return value(static_cast<unsigned long long>(number)); }
    /// The shortest text that reads back as the same number; null if it is infinite or not a number.
    json_writer& value(double number)
    {
        constexpr double most = std::numeric_limits<double>::max();
        bool const is_finite = number >= -most && number <= most;
        return is_finite ? verbatim(formatted("{}", {number})) : null();
    }
    json_writer& null() { return verbatim("null"); }

    /// What is JSON already.
    json_writer& verbatim(std::string_view json)
    {
        next();
        text_ += json;
        return *this;
    }

    template <typename Value>
    json_writer& member(std::string_view name, Value const& its)
    {
        return key(name).value(its);
    }

    [[nodiscard]] std::string const& text() const { return text_; }

    /// The text; the writer begins anew.
    [[nodiscard]] std::string take()
    {
        needs_comma_ = false;
        return std::exchange(text_, {});
    }

private:
    json_writer& begin(char bracket)
    {
        next();
        text_ += bracket;
        needs_comma_ = false;
        return *this;
    }
    json_writer& end(char bracket)
    {
        text_ += bracket;
        needs_comma_ = true;
        return *this;
    }
    void next()
    {
        if (needs_comma_) text_ += ',';
        needs_comma_ = true;
    }

    std::string text_;
    bool needs_comma_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
