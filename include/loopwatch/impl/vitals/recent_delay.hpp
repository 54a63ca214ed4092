// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The longest delay of the last second. Written by one thread at a time, read by any, in some nanoseconds.
class recent_delay {
public:
    /// A heartbeat has waited so long, until then.
    void record(nanoseconds waited, time_point until) noexcept
    {
        std::uint64_t const epoch = epoch_of(until);
        std::atomic<std::uint64_t>& slot = slots_[epoch % slots_.size()];
        std::uint64_t const before = slot.load(std::memory_order_relaxed);
        if (epoch_in(before) == (epoch & low_half) && delay_in(before) >= waited) return;
        // Whole microseconds, up to an hour, beside their epoch: so both change at once.
        auto const us = std::chrono::duration_cast<std::chrono::microseconds>(waited).count();
        slot.store(epoch << 32 | std::min<std::uint64_t>(static_cast<std::uint64_t>(us), low_half),
                   std::memory_order_relaxed);
    }

    /// False: longest() is not above the bound, whenever it is called. Needs no clock.
    [[nodiscard]] bool may_be_above(nanoseconds bound) const noexcept
    {
        nanoseconds found{0};
        for (std::atomic<std::uint64_t> const& each : slots_)
            found = std::max(found, delay_in(each.load(std::memory_order_relaxed)));
        return found > bound;
    }

    /// Of those that ended within the last second, or up to a quarter earlier.
    [[nodiscard]] nanoseconds longest(time_point now) const noexcept
    {
        std::uint64_t const epoch = epoch_of(now);
        nanoseconds found{0};
        for (std::atomic<std::uint64_t> const& each : slots_) {
            std::uint64_t const slot = each.load(std::memory_order_relaxed);
            // The one of now, and the four before it.
            if (((epoch - epoch_in(slot)) & low_half) < slots_.size()) found = std::max(found, delay_in(slot));
        }
        return found;
    }

private:
    static constexpr std::uint64_t low_half = 0xffffffff;
    static constexpr nanoseconds width = std::chrono::milliseconds{250};

    static std::uint64_t epoch_of(time_point t) noexcept
    {
        return static_cast<std::uint64_t>(t.time_since_epoch() / width);
    }
    static std::uint64_t epoch_in(std::uint64_t slot) noexcept { return slot >> 32; }
    static nanoseconds delay_in(std::uint64_t slot) noexcept { return std::chrono::microseconds{slot & low_half}; }

    fixed<std::atomic<std::uint64_t>, 5> slots_{};  // epoch, and the longest delay that ended in it
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
