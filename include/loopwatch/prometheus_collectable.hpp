// SPDX-License-Identifier: BSL-1.0
#pragma once

/// \file
/// For services that have a registry of prometheus-cpp (Debian: prometheus-cpp-dev; link its core): a
/// monitor's numbers beside the service's own.
///
///     auto const loops = loopwatch::collectable(monitor);
///     exposer.RegisterCollectable(loops);
///
/// Without that library monitor::prometheus() has the same numbers as text.

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "detail/monitor_metrics.hpp"
#include "detail/monitor_view.hpp"
#include "monitor.hpp"
#include "monitor_numbers.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline prometheus::MetricFamily family_of(metric const& what, prometheus::MetricType type)
{
    prometheus::MetricFamily family;
    family.name = what.name;
    family.help = what.help;
    family.type = type;
    return family;
}

inline prometheus::ClientMetric sample_of(loop_numbers const& loop)
{
    prometheus::ClientMetric sample;
    sample.label.push_back({"loop", loop.loop});
    return sample;
}

inline prometheus::ClientMetric sample_of(loop_numbers const& loop, cause why, double counted)
{
    prometheus::ClientMetric sample = sample_of(loop);
    sample.label.push_back({"cause", std::string{to_string(why)}});
    sample.counter.value = counted;
    return sample;
}

inline prometheus::ClientMetric sample_of_delays(loop_numbers const& loop)
{
    prometheus::ClientMetric sample = sample_of(loop);
    std::uint64_t so_far = 0;
    for (delay_bucket const& each : loop.delays) {
        so_far += each.count;
        bool const is_last = each.up_to == std::chrono::nanoseconds::max();
        sample.histogram.bucket.push_back(
            {so_far, is_last ? std::numeric_limits<double>::infinity() : seconds_of(each.up_to)});
    }
    sample.histogram.sample_count = so_far;
    sample.histogram.sample_sum = loop.delay_sum;
    return sample;
}

inline prometheus::MetricFamily family_of_one(metric const& what, std::uint64_t counted)
{
    prometheus::MetricFamily family = family_of(what, prometheus::MetricType::Counter);
    family.metric.emplace_back().counter.value = static_cast<double>(counted);
    return family;
}

/// The same metrics as to_prometheus().
inline std::vector<prometheus::MetricFamily> families_of(monitor_numbers const& all)
{
    using prometheus::MetricType;
    prometheus::MetricFamily delay = family_of(metrics::delay, MetricType::Histogram);
    prometheus::MetricFamily blocks = family_of(metrics::blocks, MetricType::Counter);
    prometheus::MetricFamily blocked = family_of(metrics::blocked, MetricType::Counter);
    prometheus::MetricFamily age = family_of(metrics::heartbeat_age, MetricType::Gauge);
    prometheus::MetricFamily cpu = family_of(metrics::cpu, MetricType::Counter);
    for (loop_numbers const& loop : all.loops) {
        delay.metric.push_back(sample_of_delays(loop));
        for (cause_numbers const& each : loop.by_cause) {
            blocks.metric.push_back(sample_of(loop, each.cause, static_cast<double>(each.blocks)));
            blocked.metric.push_back(sample_of(loop, each.cause, seconds_of(each.blocked)));
        }
        if (loop.watched) {
            age.metric.push_back(sample_of(loop));
            age.metric.back().gauge.value = seconds_of(loop.heartbeat_age);
        }
        if (loop.cpu_time) {
            cpu.metric.push_back(sample_of(loop));
            cpu.metric.back().counter.value = seconds_of(*loop.cpu_time);
        }
    }
    std::vector<prometheus::MetricFamily> families;
    for (prometheus::MetricFamily* const each : {&delay, &blocks, &blocked, &age, &cpu})
        families.push_back(std::move(*each));
    families.push_back(family_of_one(metrics::suppressed, all.reports_suppressed));
    families.push_back(family_of_one(metrics::dropped, all.blocks_dropped));
    families.push_back(family_of_one(metrics::lost, all.notices_lost));
    return families;
}

class monitor_collectable final : public prometheus::Collectable {
public:
    explicit monitor_collectable(monitor const& of) : view_{of} {}

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override
    {
        return families_of(view_.numbers());
    }

private:
    monitor_view view_;
};

}  // namespace detail

/// The monitor's numbers for prometheus-cpp, under the names of monitor::prometheus(). What it is registered with keeps
/// a weak pointer, so keep this one for as long as it is to be scraped. It may outlive the monitor: then its numbers
/// stay as they were.
///
/// Throws: std::bad_alloc. Thread safety: may be collected on any thread. Cost to the loops: none.
[[nodiscard]] inline std::shared_ptr<prometheus::Collectable> collectable(monitor const& of)
{
    return std::make_shared<detail::monitor_collectable>(of);
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
