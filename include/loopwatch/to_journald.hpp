// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "monitor_sink.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Tells each notice to systemd's journal, with fields of which docs/sinks.md has the list: `journalctl
/// LOOPWATCH_CAUSE=disk`. An empty identifier is the program's name.
///
/// It speaks the journal's own protocol, and needs no library of systemd. Notices are lost, and counted, while no
/// journal runs.
///
/// Throws: std::system_error where there is no such thing; std::bad_alloc. Thread safety: any thread. Cost to the loop:
/// none.
[[nodiscard]] LOOPWATCH_DECL monitor_sink to_journald(std::string identifier = {});

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/to_journald.hpp"
#endif
