// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_report.hpp"
#include "detail/config.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Writes the report's text to standard error, with one call. What a guard with on_block::log does without a sink.
///
/// To a terminal with colours, in lines that fit its width, and with places that it makes hyperlinks of: neither with
/// NO_COLOR in the environment. FORCE_COLOR asks for colours in a file or a pipe, too. COLUMNS is another width.
///
/// Throws: std::bad_alloc. Thread safety: any thread.
LOOPWATCH_DECL void write_to_stderr(block_report const& report, bool all_frames = false);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
