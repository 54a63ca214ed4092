// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/many.hpp"
#include "longest_of_epoch.hpp"

#include <algorithm>
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
            slots_[index_of(second)].record(static_cast<std::uint64_t>(second), until - ready_at);
        }
    }

    /// Those seconds of the last ten minutes of which something is known, in order. Throws: std::bad_alloc.
    [[nodiscard]] many<point> read(time_point now) const
    {
        many<point> all;
        std::int64_t const last = second_of(now);
        for (std::int64_t second = last - static_cast<std::int64_t>(seconds) + 1; second <= last; ++second)
            if (auto const longest = slots_[index_of(second)].of(static_cast<std::uint64_t>(second)))
                all.push_back({second, *longest});
        return all;
    }

private:
    static std::int64_t second_of(time_point at) noexcept
    {
        return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch()).count();
    }
    static std::size_t index_of(std::int64_t second) noexcept
    {
        return static_cast<std::size_t>(static_cast<std::uint64_t>(second) % seconds);
    }

    fixed<longest_of_epoch, seconds> slots_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
