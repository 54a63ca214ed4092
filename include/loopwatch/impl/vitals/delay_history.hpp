// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/many.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How late a loop's handlers were in each of the last ten minutes' seconds, by when they became ready. Written by one
/// thread at a time, read by any: what is read while it is written may have the one or the other.
class delay_history {
public:
    static constexpr std::size_t seconds = 600;

    /// A second, counted as the clock does, and the longest delay of those that became ready in it.
    struct point {
        std::int64_t second{};
        nanoseconds longest{};
    };

    /// A heartbeat has waited so long, until then. A handler that became ready a second later waited for a second less.
    void record(nanoseconds waited, time_point until) noexcept
    {
        std::int64_t const last = second_of(until);
        std::int64_t second = std::max(second_of(until - waited), last - static_cast<std::int64_t>(seconds) + 1);
        for (; second <= last; ++second) {
            time_point const ready_at = std::max(time_point{std::chrono::seconds{second}}, until - waited);
            put(second, until - ready_at);
        }
    }

    /// Those seconds of the last ten minutes of which something is known, in order. Throws: std::bad_alloc.
    [[nodiscard]] many<point> read(time_point now) const
    {
        many<point> all;
        std::int64_t const last = second_of(now);
        for (std::int64_t second = last - static_cast<std::int64_t>(seconds) + 1; second <= last; ++second) {
            std::uint64_t const slot = slot_of(second).load(std::memory_order_relaxed);
            if (slot >> 32 != tag_of(second)) continue;
            all.push_back({second, std::chrono::microseconds{slot & 0xffffffff}});
        }
        return all;
    }

private:
    // A slot has whole microseconds, up to an hour, beside the lower half of its second plus one: so both change at
    // once, and none of what was not written is taken for one.
    void put(std::int64_t second, nanoseconds delay) noexcept
    {
        auto const us = std::chrono::duration_cast<std::chrono::microseconds>(delay).count();
        std::uint64_t const fresh =
            tag_of(second) << 32 | std::min<std::uint64_t>(static_cast<std::uint64_t>(us), 0xffffffff);
        std::atomic<std::uint64_t>& slot = slots_[index_of(second)];
        std::uint64_t const before = slot.load(std::memory_order_relaxed);
        if (before >> 32 == tag_of(second) && before >= fresh) return;
        slot.store(fresh, std::memory_order_relaxed);
    }

    static std::int64_t second_of(time_point at) noexcept
    {
        return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    }
    static std::uint64_t tag_of(std::int64_t second) noexcept
    {
        return static_cast<std::uint64_t>(second + 1) & 0xffffffff;
    }
    static std::size_t index_of(std::int64_t second) noexcept
    {
        return static_cast<std::size_t>(static_cast<std::uint64_t>(second) % seconds);
    }
    [[nodiscard]] std::atomic<std::uint64_t> const& slot_of(std::int64_t second) const noexcept
    {
        return slots_[index_of(second)];
    }

    fixed<std::atomic<std::uint64_t>, seconds> slots_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
