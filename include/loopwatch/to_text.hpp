// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "monitor_sink.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Appends each notice as text to a file, after the time at which the block began, in UTC:
/// "2026-11-28T07:50:55.123456Z loop blocked: block 1 on ...". The whole report, or one line, as the monitor says.
///
/// A notice is written by one system call, so that several processes may share the file. One that finds the disk full,
/// or the folder gone, is lost and counted; the next one opens the file anew. A file that is renamed is written to
/// until monitor::reopen_sinks(), one that is deleted is made anew at once.
///
/// Throws: std::system_error that names the path, if it can't be opened; std::bad_alloc. Thread safety: any thread.
/// Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL monitor_sink to_text_file(std::string path, bool all_frames = false);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/to_text.hpp"
#endif
