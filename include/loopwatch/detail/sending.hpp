// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "clock.hpp"
#include "config.hpp"
#include "watch.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Under the watchdog's mutex.

inline void send_heartbeat(watch& w)
{
    w.beats->send();
    w.has_baseline = false;
    try {
        w.idle.before_beat(*w.beats);
        w.target->post(w.beats);
        w.clock.sent(clock::now());
    } catch (...) {
        // Out of memory, or an executor that has none: nothing is queued, nothing can be late.
        w.beats->unsend();
        w.clock.postpone(clock::now());
    }
}

/// A heartbeat is due, as of `now`, which is a time before the loop is looked at.
inline void send_heartbeat_unless_at_rest(watch& w, time_point now)
{
    // One that rests is as good as one that has just run a heartbeat.
    if (w.target->stopped() || w.idle.sees_rest(w.threads.all()))
        w.clock.postpone(now);
    else
        send_heartbeat(w);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
