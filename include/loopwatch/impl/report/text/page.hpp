// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../block_report.hpp"
#include "../../../detail/config.hpp"
#include "../../base/formatted.hpp"
#include "../../symbolize/code_origin.hpp"
#include "layout.hpp"
#include "line_breaks.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline std::string source_of(frame const& f)
{
    if (f.file.empty()) return {};
    return f.line == 0 ? std::string{base_name(f.file)} : formatted("{}:{}", {base_name(f.file), f.line});
}

/// What a piece of text is, which decides its colour: one of the terminal's sixteen, which its user can configure.
enum class ink { plain, blamed, excused, culprit, library, place, advice };

/// Writes a text with a given layout.
class page {
public:
    explicit page(text_layout const& how) : how_{how} {}

    [[nodiscard]] text_layout const& how() const { return how_; }
    [[nodiscard]] std::string take() && { return std::move(text_); }

    /// Appends text without breaking it.
    void put(std::string_view text, ink colour = ink::plain)
    {
        std::string_view const code = how_.colour ? code_of(colour) : std::string_view{};
        if (!code.empty()) ((text_ += "\033[") += code) += 'm';
        text_ += text;
        if (!code.empty()) text_ += "\033[0m";
    }

    /// Appends text that may be broken, after a label of `label` columns that is written already. Further lines are
    /// indented by as much. Returns the column at which the text ends.
    std::size_t put_broken(std::string_view text, std::size_t label, text_kind kind, ink colour = ink::plain)
    {
        if (!how_.breaks) {
            put(text, colour);
            return label + columns_of(text);
        }
        auto const lines = broken(text, room_behind(label), kind);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            if (i > 0) put_indent(label);
            put(lines[i], colour);
        }
        return label + columns_of(lines.back());
    }

    /// Appends a whole line: a label, then text that may be broken.
    void put_line(std::string_view label, std::string_view text, ink colour = ink::plain)
    {
        put(label);
        put_broken(text, columns_of(label), text_kind::prose, colour);
        text_ += '\n';
    }

    /// Appends a line that ends in the name of a user's function. If there is no room the name gets a line of its own.
    void put_sentence(std::string_view label, std::string_view text, std::string_view name)
    {
        put(label);
        put(text);
        std::size_t const indent = columns_of(label);
        std::size_t const room = room_behind(indent + columns_of(text) + 1);
        std::string shown = fitting(name, room);
        if (how_.breaks && columns_of(shown) > room) {
            put_indent(indent);
            put_broken(fitting(name, room_behind(indent)), indent, text_kind::name);
        } else {
            put(shown.insert(0, 1, ' '));
        }
        text_ += '\n';
    }

    /// Appends a function after a label of `label` columns, then its place: after `separator` on the same line, at
    /// `column` or later; on the next line if there is no room. `mark` is last.
    void put_function(std::size_t label, std::string_view name, frame const& f, std::size_t column,
                      std::string_view separator, std::string_view mark, ink colour)
    {
        std::string const source = source_of(f);
        if (source.empty()) column = 0;
        std::size_t const tail = columns_of(mark) + (source.empty() ? 0 : columns_of(separator) + columns_of(source));
        std::size_t const last = room_behind(tail);  // where the tail may begin
        std::string const shown =
            origin_of(f) == code_origin::user ? fitting(name, room_behind(label + tail)) : std::string{name};
        std::size_t const end = put_broken(shown, label, text_kind::name, colour);
        if (how_.breaks) column = std::min(column, last);
        if (how_.breaks && tail > 0 && end > last) {
            put_indent(column > 0 ? column + 1 : label);
            separator.remove_prefix(1);
            if (source.empty()) mark = mark.substr(mark.find_first_not_of(' '));
        } else if (end < column) {
            text_.append(column - end, ' ');
        }
        if (!source.empty()) {
            text_ += separator;
            put_place(source, f);
        }
        (text_ += mark) += '\n';
    }

private:
    static constexpr std::string_view code_of(ink colour)
    {
        switch (colour) {
            case ink::plain: return "";
            case ink::blamed: return "1;31";
            case ink::excused: return "1;33";
            case ink::culprit: return "1";
            case ink::library: return "2";
            case ink::place: return "36";
            case ink::advice: return "32";
        }
        return "";
    }

    [[nodiscard]] std::size_t room_behind(std::size_t columns) const
    {
        return how_.width - std::min(how_.width, columns);
    }

    [[nodiscard]] std::string fitting(std::string_view name, std::size_t columns) const
    {
        return how_.all_frames ? std::string{name} : shortened(name, columns);
    }

    void put_indent(std::size_t columns)
    {
        text_ += '\n';
        text_.append(columns, ' ');
    }

    /// Appends a place, as a hyperlink if the layout has these. The sequence is OSC 8 (Egmont Koblinger, "Hyperlinks in
    /// terminal emulators", gist egmontkob/eb114294efbcd5adb1944c9f3cb5feda), which asks for the host in a file's
    /// address. The line as fragment is kitty's and ripgrep's convention; other terminals open the file.
    void put_place(std::string_view source, frame const& f)
    {
        std::string const path = how_.located != nullptr ? how_.located(f.file) : std::string{};
        bool const is_link = !path.empty();
        if (is_link) {
            text_ += "\033]8;;file://";
            put_address(how_.host);
            put_address(path);
            if (f.line > 0) (text_ += '#') += std::to_string(f.line);
            text_ += "\033\\";
        }
        put(source, ink::place);
        if (is_link) text_ += "\033]8;;\033\\";
    }

    /// Appends a part of an address, with all but unreserved characters escaped (RFC 3986, 2.3).
    void put_address(std::string_view path)
    {
        constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
        for (char const c : path) {
            if (unreserved.find(c) != unreserved.npos)
                text_ += c;
            else
                text_ += formatted("%{:02X}", {static_cast<unsigned char>(c)});
        }
    }

    text_layout how_;
    std::string text_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
