// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "single_writer.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The upper bounds of the buckets of a delay_histogram, each included. One more bucket is for what is above the last.
inline constexpr fixed<nanoseconds, 14> delay_bounds{
    {std::chrono::microseconds{500}, std::chrono::milliseconds{1}, std::chrono::microseconds{2500},
     std::chrono::milliseconds{5}, std::chrono::milliseconds{10}, std::chrono::milliseconds{25},
     std::chrono::milliseconds{50}, std::chrono::milliseconds{100}, std::chrono::milliseconds{250},
     std::chrono::milliseconds{500}, std::chrono::seconds{1}, std::chrono::milliseconds{2500}, std::chrono::seconds{5},
     std::chrono::seconds{10}}};

/// A histogram as it was read.
struct delay_reading {
    static constexpr std::size_t buckets = delay_bounds.size() + 1;

    fixed<std::uint64_t, buckets> counts{};  // of each bucket alone
    double sum{};                            // in seconds

    [[nodiscard]] std::uint64_t count() const
    {
        std::uint64_t all = 0;
        for (auto const each : counts) all += each;
        return all;
    }
    void add(delay_reading const& other)
    {
        for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
        sum += other.sum;
    }
    /// What has come to it since it was `before`.
    [[nodiscard]] delay_reading since(delay_reading const& before) const
    {
        delay_reading fresh;
        for (std::size_t i = 0; i < counts.size(); ++i) fresh.counts[i] = counts[i] - before.counts[i];
        fresh.sum = sum - before.sum;
        return fresh;
    }
};

/// How long handlers waited for their turn. Written by one thread at a time, read by any.
class delay_histogram {
public:
    /// One of the heartbeats that are sent each period has waited so long. One is out at a time. So while it waits
    /// others are not sent that would have waited, too: each of them is recorded as well (coordinated omission: else a
    /// block of 10 s would count as much as a delay of 1 ms). It is what HdrHistogram's
    /// recordValueWithExpectedInterval() does. Costs some nanoseconds, however many were omitted.
    void record(nanoseconds waited, nanoseconds period) noexcept
    {
        waited = std::max(waited, nanoseconds{0});
        std::uint64_t const all = std::max<std::uint64_t>(longer_than(nanoseconds{0}, waited, period), 1);
        std::uint64_t left = all;
        for (std::size_t i = 0; i < delay_bounds.size() && left > 0; ++i) {
            std::uint64_t const above = longer_than(delay_bounds[i], waited, period);
            if (above < left) add_alone(counts_[i], left - above);
            left = above;
        }
        if (left > 0) add_alone(counts_[delay_bounds.size()], left);
        // The mean of an arithmetic series. A number of nanoseconds would overflow within a day.
        using seconds = std::chrono::duration<double>;
        double const mean = seconds{waited}.count() - seconds{period}.count() * static_cast<double>(all - 1) / 2;
        add_alone(sum_, mean * static_cast<double>(all));
    }

    /// What was counted elsewhere.
    void add(delay_reading const& others) noexcept
    {
        for (std::size_t i = 0; i < counts_.size(); ++i)
            if (others.counts[i] > 0) add_alone(counts_[i], others.counts[i]);
        add_alone(sum_, others.sum);
    }

    [[nodiscard]] delay_reading read() const noexcept
    {
        delay_reading now;
        now.sum = sum_.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < counts_.size(); ++i) now.counts[i] = counts_[i].load(std::memory_order_relaxed);
        return now;
    }

private:
    /// How many of waited, waited - period, waited - 2 period... are above that bound.
    static std::uint64_t longer_than(nanoseconds bound, nanoseconds waited, nanoseconds period) noexcept
    {
        if (waited <= bound) return 0;
        return static_cast<std::uint64_t>((waited - bound - nanoseconds{1}) / period) + 1;
    }

    fixed<std::atomic<std::uint64_t>, delay_reading::buckets> counts_{};
    std::atomic<double> sum_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
