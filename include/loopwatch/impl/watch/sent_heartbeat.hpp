// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/one_of.hpp"
#include "../capture/look.hpp"
#include "../evidence/reading.hpp"
#include "../loop/runners.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Somebody runs the loop while the heartbeat is out. Taken for granted where that can't be known.
struct attended {
    run_calls calls;  // by which it is run, as seen when the heartbeat was sent or later; empty where not known
};

/// Nobody does: the time does not count.
struct unattended {
    time_point left_at{};    // since then
    time_point search_at{};  // when to search for somebody again
};

/// How the loop's threads and the process had spent their time when the heartbeat began to wait.
struct counter_baseline {
    fixed<thread_counters, loop_threads::max> threads{};  // in the order of watch::threads
    process_counters process;                             // not known before the watchdog's own first look
};

/// The heartbeat that is out.
struct sent_heartbeat {
    one_of<attended, unattended> attendance;
    maybe<counter_baseline> baseline;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
