// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "capture/look.hpp"
#include "clock.hpp"
#include "config.hpp"
#include "deadline.hpp"

#include <array>
#include <chrono>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How the watchdog knows of the end of a block.
enum class ending {
    beat,     // the heartbeat ran
    stopped,  // the context was stopped
    watch,    // the guard ended first, on another thread: the loop is still blocked
    scope,    // the guard ended on the loop's own thread: what it guarded is over
    none      // it has not ended: a word in between
};

/// All that the watchdog found out about a block, and nothing that takes time to find out.
struct raw_block {
    span length;
    ending how{ending::beat};
    time_point sent_at{};  // since when the heartbeat waited
    time_point reported_at{};
    std::chrono::system_clock::time_point reported_at_wall{};
    sighting first;      // at the deadline
    sighting latest;     // at the end, where no heartbeat tells of it
    snapshot beat_path;  // the stack by which the ending heartbeat came: what a handler of this loop stands on
    std::array<std::string, loop_threads::max> thread_names;  // of `first`
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
