// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../base/clock.hpp"
#include "../base/one_of.hpp"
#include "../block/block_record.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What a watch is in, each with what is known in that phase alone. watch_keeper.hpp draws the transitions.
namespace phases {

/// Heartbeats come and go, or the one that is out may still wait.
struct awake {};

/// The heartbeat that is out has waited too long, and the loop is at fault.
struct blocked {
    owned<block_record> record;  // never null
    time_point alive_at{};       // when the loop was last seen run, and not stopped
};

/// A heartbeat is out, but as far as is known nobody runs the loop.
struct dormant {};

/// Turned off for a while: nothing is sent, and nothing is known. A heartbeat may still be in the loop's queue.
struct paused {};

/// The watch has ended.
struct over {};

}  // namespace phases

using watch_phase = one_of<phases::awake, phases::blocked, phases::dormant, phases::paused, phases::over>;

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
