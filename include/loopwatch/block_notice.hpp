// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_report.hpp"
#include "detail/config.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// How bad a block is, by its length: the steps of a ladder.
enum class severity {
    warning,  ///< it reached the threshold, or nobody is to blame for it
    error,    ///< it reached monitor_limits::error_above
    critical  ///< it reached what was given to monitor::escalate()
};

/// The enumerator's name: "warning", ...
[[nodiscard]] constexpr std::string_view to_string(severity how_bad) noexcept
{
    switch (how_bad) {
        case severity::warning: return "warning";
        case severity::error: return "error";
        case severity::critical: return "critical";
    }
    return "warning";
}

/// How much a monitor tells of a block.
enum class telling {
    full,    ///< the whole report
    brief,   ///< one line: it was told in full before, or too much was
    counted  ///< nothing: only sinks that want every block receive it
};

/// The enumerator's name: "full", ...
[[nodiscard]] constexpr std::string_view to_string(telling how_much) noexcept
{
    switch (how_much) {
        case telling::full: return "full";
        case telling::brief: return "brief";
        case telling::counted: return "counted";
    }
    return "counted";
}

/// What a monitor tells its sinks of one block. A plain value.
///
/// A code path is what blocks of one culprit, cause and stack have in common.
struct block_notice {
    block_report report;  ///< `ended == false`: the block lasts, and another notice of its number follows, unless its
                          ///< watch has ended
    loopwatch::telling telling{};        ///< how much a log should tell of it
    loopwatch::severity severity{};      ///< how bad it is
    std::uint64_t count{};               ///< blocks of the same code path so far; one that lasts is not yet counted
    std::chrono::nanoseconds total{};    ///< for how long these blocked together
    std::chrono::nanoseconds longest{};  ///< the longest of them
    std::uint64_t held_back{};  ///< blocks, of all code paths, of which logs were told nothing since the last notice
};

/// The notice as text: the report's, or one line, with a line end. What was held back is told in a line before it.
///
/// Throws: std::bad_alloc. Thread safety: as for reading the notice. Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL std::string to_string(block_notice const& notice, bool all_frames = false);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/block_notice.hpp"
#endif
