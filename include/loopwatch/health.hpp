// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "loop_state.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// How one loop is.
struct loop_health {
    std::string loop;                          ///< its name
    loop_state state{loop_state::unwatched};   ///< what is known of it
    std::chrono::nanoseconds heartbeat_age{};  ///< since when it is not known to be alive; 0 if nobody runs it
    std::chrono::nanoseconds delay{};          ///< the longest that a handler waited within the last second
    bool ok{true};                             ///< it is not blocked, or not for as long as was asked
};

/// How all loops of a monitor are.
struct health_report {
    bool ok{true};                   ///< each of them is
    std::vector<loop_health> loops;  ///< in the order in which their watches began

    /// Whether it is ok.
    [[nodiscard]] explicit operator bool() const noexcept { return ok; }
};

/// For people: a line that says "ok" or "not ok", and one for each loop.
///
/// Throws: std::bad_alloc. Thread safety: as for reading the report. Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL std::string to_string(health_report const& report);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/health.hpp"
#endif
