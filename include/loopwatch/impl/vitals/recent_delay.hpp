// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "longest_of_epoch.hpp"

#include <algorithm>
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
        slots_[epoch % slots_.size()].record(epoch, waited);
    }

    /// False: longest() is not above the bound, whenever it is called. Needs no clock.
    [[nodiscard]] bool may_be_above(nanoseconds bound) const noexcept
    {
        return any_of(slots_, [&](longest_of_epoch const& each) { return each.any() > bound; });
    }

    /// Of those that ended within the last second, or up to a quarter earlier.
    [[nodiscard]] nanoseconds longest(time_point now) const noexcept
    {
        nanoseconds found{0};
        // The one of now, and the four before it.
        std::uint64_t epoch = epoch_of(now);
        for (std::size_t i = 0; i < slots_.size(); ++i, --epoch)
            found = std::max(found, slots_[epoch % slots_.size()].of(epoch).value_or(nanoseconds{0}));
        return found;
    }

private:
    static std::uint64_t epoch_of(time_point t) noexcept
    {
        constexpr nanoseconds width = std::chrono::milliseconds{250};
        return static_cast<std::uint64_t>(t.time_since_epoch() / width);
    }

    fixed<longest_of_epoch, 5> slots_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
