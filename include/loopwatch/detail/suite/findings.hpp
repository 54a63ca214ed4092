// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../options.hpp"
#include "../config.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What was seen of all loops of a scope.
struct findings {
    std::vector<block_report> blocks{};  // in the order in which they began, numbered through
    std::vector<block_report> excused{};
    std::uint64_t dropped{0};
    std::size_t loops{0};  // that were watched
};

inline constexpr char const* nothing_watched =
    "no loop was watched here, so none was seen to be blocked: make the io_context a loopwatch::watched_io_context, or "
    "call loopwatch::current_watch().add(it)";

/// Every block that fails a test, of whatever framework, goes through here, once. Returns the text of the failure;
/// empty, if there is nothing to fail for. Writes what is not to fail: excused waits, and with on_block::log all.
[[nodiscard]] LOOPWATCH_DECL std::string failure_text(findings found, options const& how);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
