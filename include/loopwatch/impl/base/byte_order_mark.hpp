// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The text without the mark that some editors begin UTF-8 with, which would become a part of the first word.
constexpr std::string_view without_byte_order_mark(std::string_view text) noexcept
{
    constexpr std::string_view mark = "\xef\xbb\xbf";
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
    return text;
}

/// Whether the text begins with the mark of UTF-16, which no line of it could be read after.
constexpr bool is_utf16(std::string_view text) noexcept
{
    return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
