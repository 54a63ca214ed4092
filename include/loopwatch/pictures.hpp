// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

/// \file
/// Pictures of what blocked: a page, and the formats of viewers for profiles and traces. Each is a text, to be written
/// to a file: docs/pictures.md shows them, and how they are opened.

#include "detail/config.hpp"
#include "recording.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// A page in HTML: the code paths that blocked, by the total time of each; a time line of each loop; the report of each
/// block. It is one file that needs no network, and is read by any browser. With the fragment block-3 in its address it
/// opens the report of the recording's third block.
///
/// Throws: std::bad_alloc. Thread safety: as for reading the recording. Cost to the loop: none, unless called on it:
/// some 0.1 ms a block.
[[nodiscard]] LOOPWATCH_DECL std::string html_page(recording const& what);

/// A profile for https://www.speedscope.app: one of each block, in nanoseconds, in which a sample has the time since
/// the sample before it. The longest block's is shown first.
///
/// Throws: std::bad_alloc. Thread safety: as for reading the recording. Cost to the loop: none, unless called on it.
[[nodiscard]] LOOPWATCH_DECL std::string speedscope(recording const& what);

/// Folded stacks, as flamegraph.pl, inferno and speedscope read them: a line for each stack, "loop;main;f;g 1500", with
/// the time in microseconds that loops were blocked in it. Excused blocks are left out.
///
/// Throws: std::bad_alloc. Thread safety: as for reading the recording. Cost to the loop: none, unless called on it.
[[nodiscard]] LOOPWATCH_DECL std::string folded_stacks(recording const& what);

/// Events in Chrome's trace format, as https://ui.perfetto.dev and chrome://tracing read them: the blocks of each loop
/// on a track, with cause, evidence, culprit and stack, and its delay as a counter. Times are microseconds since 1970,
/// so that it can be laid beside another trace.
///
/// Throws: std::bad_alloc. Thread safety: as for reading the recording. Cost to the loop: none, unless called on it.
[[nodiscard]] LOOPWATCH_DECL std::string chrome_trace(recording const& what);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/pictures.hpp"
#endif
