// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../config.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The text for a failed assertion: the whole reports, in lines that test frameworks do not break.
[[nodiscard]] LOOPWATCH_DECL std::string text_of_block(block_report const& block);
[[nodiscard]] LOOPWATCH_DECL std::string text_of_blocks(std::vector<block_report> const& blocks);

/// Whether one of the frames is of the user's own code and has `name` in its function's name.
[[nodiscard]] LOOPWATCH_DECL bool has_user_frame(std::vector<frame> const& frames, std::string_view name);

/// "for at least 50.0 ms", or "for 50.0 ms to 80.0 ms".
[[nodiscard]] LOOPWATCH_DECL std::string length_bounds_text(std::chrono::nanoseconds at_least,
                                                            std::chrono::nanoseconds at_most);
inline constexpr std::chrono::nanoseconds no_upper_bound = std::chrono::nanoseconds::max();

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
