// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The longest delay of an epoch, which is a number that grows. Written by one thread at a time, read by any: both are
/// in one word, so they change at once.
class longest_of_epoch {
public:
    /// Keeps the longer one of the same epoch; another epoch's is forgotten.
    void record(std::uint64_t epoch, nanoseconds delay) noexcept
    {
        std::uint64_t const fresh = tag_of(epoch) << 32 | microseconds_of(delay);
        std::uint64_t const before = word_.load(std::memory_order_relaxed);
        if (before >> 32 == tag_of(epoch) && before >= fresh) return;
        word_.store(fresh, std::memory_order_relaxed);
    }

    /// Nothing: it has another epoch's.
    [[nodiscard]] maybe<nanoseconds> of(std::uint64_t epoch) const noexcept
    {
        std::uint64_t const word = word_.load(std::memory_order_relaxed);
        if (word >> 32 != tag_of(epoch)) return {};
        return nanoseconds{std::chrono::microseconds{word & low_half}};
    }

    /// Of whatever epoch.
    [[nodiscard]] nanoseconds any() const noexcept
    {
        return std::chrono::microseconds{word_.load(std::memory_order_relaxed) & low_half};
    }

private:
    static constexpr std::uint64_t low_half = 0xffffffff;

    // Plus one, so that what was never written is of no epoch.
    static std::uint64_t tag_of(std::uint64_t epoch) noexcept { return (epoch + 1) & low_half; }

    /// Whole ones, up to an hour.
    static std::uint64_t microseconds_of(nanoseconds delay) noexcept
    {
        auto const us = std::chrono::duration_cast<std::chrono::microseconds>(delay).count();
        return std::min<std::uint64_t>(static_cast<std::uint64_t>(us), low_half);
    }

    std::atomic<std::uint64_t> word_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
