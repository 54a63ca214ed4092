// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "delay_histogram.hpp"
#include "delay_history.hpp"

#include <atomic>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What only grows, of all watches of one name: it outlives them. Written under the watchdog's mutex, read by any
/// thread.
struct loop_totals : counted {
    delay_histogram delays;          // as heartbeats met them
    delay_histogram handler_delays;  // each handler's own, in exact mode
    delay_history history;
    std::atomic<std::int64_t> on_cpu{0};         // by the threads that run the loop, in nanoseconds
    std::atomic<bool> cpu_time_is_known{false};  // of all of them
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
