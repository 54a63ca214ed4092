// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_report.hpp"
#include "detail/config.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Writes the report's text to standard error, with one call. The log of a guard without a sink.
///
/// A terminal gets lines that fit its width, colours, and places as hyperlinks; NO_COLOR in the environment turns the
/// latter two off. FORCE_COLOR turns on colours in files and pipes, too. COLUMNS sets the width.
///
/// Throws: std::bad_alloc. Keeps errno. Thread safety: any thread. Cost to the loop: none, unless called on it.
LOOPWATCH_DECL void write_to_stderr(block_report const& report, bool all_frames = false);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
