// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_notice.hpp"
#include "detail/config.hpp"
#include "monitor_sink.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// The notice as a JSON object, in one line without a line end. Its members have OpenTelemetry's names
/// (`code.function.name`, `thread.id`, ...), and ours begin with `loopwatch.`; docs/block_notice.schema.json describes
/// them all. Durations are in seconds, times in UTC. Stacks are in it only where the monitor tells all (telling::full).
///
/// Throws: std::bad_alloc. Thread safety: as for reading the notice. Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL std::string to_json(block_notice const& notice);

/// Appends to_json() of each notice to a file, a line each; otherwise as to_text_file().
///
/// Throws: std::system_error that names the path, if it can't be opened; std::bad_alloc. Thread safety: any thread.
/// Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL monitor_sink to_json_lines(std::string path);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/to_json_lines.hpp"
#endif
