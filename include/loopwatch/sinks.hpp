// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_report.hpp"
#include "detail/config.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Writes the report's text to standard error, with one call. What a guard with on_block::log does without a sink.
///
/// Throws: std::bad_alloc. Thread safety: any thread.
LOOPWATCH_DECL void write_to_stderr(block_report const& report, bool all_frames = false);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
