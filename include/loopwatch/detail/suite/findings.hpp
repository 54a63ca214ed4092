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

/// What a scope saw of all its loops.
struct findings {
    std::vector<block_report> blocks{};  // sorted by when they began, numbered from 1
    std::vector<block_report> excused{};
    std::uint64_t dropped{0};
    std::size_t loops{0};  // how many were watched
};

inline constexpr char const* nothing_watched =
    "no loop was watched here, so none was seen to be blocked: make the io_context a loopwatch::watched_io_context, or "
    "call loopwatch::current_watch().add(it)";

/// Returns the text of a test's failure; empty if nothing fails it. Logs what does not fail it: excused waits, and with
/// on_block::log all blocks. For every framework; each block passes here once, and is annotated in a GitHub job.
[[nodiscard]] LOOPWATCH_DECL std::string failure_text(findings found, options const& how);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
