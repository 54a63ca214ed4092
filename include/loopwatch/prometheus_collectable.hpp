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

/// Makes prometheus-cpp's families of the metrics that it is told.
class family_writer {
public:
    void begin(metric const& what)
    {
        prometheus::MetricFamily& family = families_.emplace_back();
        family.name = what.name;
        family.help = what.help;
        family.type = what.type == "histogram" ? prometheus::MetricType::Histogram
                      : what.type == "gauge"   ? prometheus::MetricType::Gauge
                                               : prometheus::MetricType::Counter;
    }
    template <typename Number>
    void sample(Number value, loop_numbers const* loop, cause const* why)
    {
        prometheus::ClientMetric& one = add(loop);
        if (why != nullptr) one.label.push_back({"cause", std::string{to_string(*why)}});
        bool const is_gauge = families_.back().type == prometheus::MetricType::Gauge;
        (is_gauge ? one.gauge.value : one.counter.value) = static_cast<double>(value);
    }
    void histogram(loop_numbers const& loop, std::vector<delay_bucket> const& buckets, double sum)
    {
        auto& to = add(&loop).histogram;
        to.sample_count =
            for_each_bucket(buckets, [&](double up_to, std::uint64_t so_far) { to.bucket.push_back({so_far, up_to}); });
        to.sample_sum = sum;
    }

    [[nodiscard]] std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

private:
    prometheus::ClientMetric& add(loop_numbers const* loop)
    {
        prometheus::ClientMetric& one = families_.back().metric.emplace_back();
        if (loop != nullptr) one.label.push_back({"loop", loop->loop});
        return one;
    }

    std::vector<prometheus::MetricFamily> families_;
};

class monitor_collectable final : public prometheus::Collectable {
public:
    explicit monitor_collectable(monitor const& of) : view_{of} {}

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override
    {
        family_writer to;
        write_metrics(view_.numbers(), to);
        return to.take();
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
