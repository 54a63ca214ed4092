// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "fixed.hpp"
#include "formatted.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Text from outside, for terminals and logs. Pure.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The size in bytes of the text's first character in UTF-8; 0 if it is malformed. The text is not empty.
inline std::size_t character_size(std::string_view text)
{
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned const first = byte(0);
    if (first < 0x80) return 1;
    std::size_t const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size > text.size()) return 0;
    std::uint32_t code = first & (0x7fU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return 0;
        code = code << 6 | (byte(i) & 0x3fU);
    }
    constexpr fixed<std::uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    bool const surrogate = code >= 0xd800 && code < 0xe000;
    return code < smallest[size] || code > 0x10ffff || surrogate ? 0 : size;
}

/// The same, and 0 also for a control character.
inline std::size_t printable_size(std::string_view text)
{
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    bool const control = byte(0) < 0x20 || byte(0) == 0x7f;
    bool const control_of_eight_bits = byte(0) == 0xc2 && text.size() > 1 && byte(1) < 0xa0;
    return control || control_of_eight_bits ? 0 : character_size(text);
}

/// The text with what would garble a terminal, or could pass for something else, escaped as "\x1b".
inline std::string printable(std::string_view text, bool cut_off = false)
{
    std::string to;
    while (!text.empty()) {
        std::size_t const size = printable_size(text);
        if (text[0] == '\\')
            to += "\\\\";
        else if (size == 0)
            to += formatted("\\x{:02x}", {static_cast<unsigned char>(text[0])});
        else
            to += text.substr(0, size);
        text.remove_prefix(size == 0 ? 1 : size);
    }
    if (cut_off) to += "...";
    return to;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
