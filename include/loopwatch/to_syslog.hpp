// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "monitor_sink.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Tells each notice to the system's log, in one line, with the priority LOG_WARNING, LOG_ERR or LOG_CRIT. An empty
/// identifier is the program's name. `facility`: one of <syslog.h>; 24 is LOG_DAEMON.
///
/// It does not call syslog(): openlog() and syslog()'s lock are the program's own. Notices are lost, and counted, while
/// nobody reads the log's socket.
///
/// Throws: std::system_error where there is no such thing; std::bad_alloc.
/// Thread safety: any thread. Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL monitor_sink to_syslog(std::string identifier = {}, int facility = 24);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/to_syslog.hpp"
#endif
