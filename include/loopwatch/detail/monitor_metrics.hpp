// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <chrono>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What is told of a metric before its samples. docs/monitoring.md lists them, too.
struct metric {
    std::string_view name;
    std::string_view type;
    std::string_view help;
};

namespace metrics {

inline constexpr metric delay{"asio_loop_delay_seconds", "histogram",
                              "How long handlers waited for their turn, as heartbeats met it."};
inline constexpr metric blocks{"asio_loop_blocks_total", "counter", "Blocks of the threshold or longer that are over."};
inline constexpr metric blocked{"asio_loop_blocked_seconds_total", "counter", "How long these blocks lasted."};
inline constexpr metric heartbeat_age{"asio_loop_heartbeat_age_seconds", "gauge",
                                      "Since when the loop is not known to be alive; 0 if nobody runs it."};
inline constexpr metric cpu{"asio_loop_cpu_seconds_total", "counter",
                            "CPU time of the threads that run the loop, where it is known."};
inline constexpr metric suppressed{"loopwatch_reports_suppressed_total", "counter",
                                   "Blocks that logs were told nothing of."};
inline constexpr metric dropped{"loopwatch_blocks_dropped_total", "counter",
                                "Blocks that could not be reported, and are in no other number."};
inline constexpr metric lost{"loopwatch_sink_lost_total", "counter", "Notices that sinks have lost."};

}  // namespace metrics

/// In the unit that Prometheus wants.
[[nodiscard]] inline double seconds_of(std::chrono::nanoseconds d) { return static_cast<double>(d.count()) / 1e9; }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
