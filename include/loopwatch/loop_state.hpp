// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"

#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// What is known of a loop that a monitor watches.
enum class loop_state {
    answering,   ///< its heartbeats run in time, or it sleeps and has nothing to do
    blocked,     ///< a heartbeat has waited for the threshold or longer, and somebody runs the loop
    unattended,  ///< as far as is known nobody runs it: not started yet, stopped, or out of work
    unwatched    ///< its watch has not begun, is paused, or has ended
};

/// The enumerator's name: "answering", ...
[[nodiscard]] constexpr std::string_view to_string(loop_state what) noexcept
{
    switch (what) {
        case loop_state::answering: return "answering";
        case loop_state::blocked: return "blocked";
        case loop_state::unattended: return "unattended";
        case loop_state::unwatched: return "unwatched";
    }
    return "unwatched";
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
