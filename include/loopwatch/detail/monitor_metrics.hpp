// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
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
inline constexpr metric handler_delay{"asio_handler_delay_seconds", "histogram",
                                      "How long each handler was ready before it ran, in exact mode."};
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

/// Writes all metrics, in whatever form `to` has: begins each by to.begin(metric), then writes its samples by
/// to.histogram(loop, buckets, sum) and to.sample(value, loop, cause), where loop and cause may be null. `Numbers`:
/// monitor_numbers, whose header includes this one.
template <typename Numbers, typename Writer>
void write_metrics(Numbers const& all, Writer& to)
{
    to.begin(metrics::delay);
    for (auto const& loop : all.loops) to.histogram(loop, loop.delays, loop.delay_sum);
    to.begin(metrics::handler_delay);
    for (auto const& loop : all.loops)
        if (!loop.handler_delays.empty()) to.histogram(loop, loop.handler_delays, loop.handler_delay_sum);
    to.begin(metrics::blocks);
    for (auto const& loop : all.loops)
        for (auto const& each : loop.by_cause) to.sample(each.blocks, &loop, &each.cause);
    to.begin(metrics::blocked);
    for (auto const& loop : all.loops)
        for (auto const& each : loop.by_cause) to.sample(seconds_of(each.blocked), &loop, &each.cause);
    to.begin(metrics::heartbeat_age);
    for (auto const& loop : all.loops)
        if (loop.watched) to.sample(seconds_of(loop.heartbeat_age), &loop, nullptr);
    to.begin(metrics::cpu);
    for (auto const& loop : all.loops)
        if (loop.cpu_time) to.sample(seconds_of(*loop.cpu_time), &loop, nullptr);
    to.begin(metrics::suppressed);
    to.sample(all.reports_suppressed, nullptr, nullptr);
    to.begin(metrics::dropped);
    to.sample(all.blocks_dropped, nullptr, nullptr);
    to.begin(metrics::lost);
    to.sample(all.notices_lost, nullptr, nullptr);
}

/// Calls bucket(up to how many seconds, how many delays up to there) for each bucket of a histogram as Prometheus has
/// them; the last one is up to infinity. Returns how many delays there are.
template <typename Buckets, typename Bucket>
std::uint64_t for_each_bucket(Buckets const& all, Bucket const& bucket)
{
    std::uint64_t so_far = 0;
    for (auto const& each : all) {
        so_far += each.count;
        bool const is_last = each.up_to == std::chrono::nanoseconds::max();
        bucket(is_last ? std::numeric_limits<double>::infinity() : seconds_of(each.up_to), so_far);
    }
    return so_far;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
