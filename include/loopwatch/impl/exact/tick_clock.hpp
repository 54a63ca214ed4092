// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// One moment by both clocks.
struct clock_pair {
    std::uint64_t ticks{0};
    time_point at{};
};

/// Makes time points of the ticks in which handlers are stamped, by pairs that are noted now and then. Pure.
///
/// How many ticks a nanosecond has is learnt from pairs that are some time apart, and anew all the time: the kernel
/// slows and quickens its own clock. Stamps are told from the latest pair, so they must be young for an error of that
/// to stay small: one in 10^5 of their age.
///
/// While a machine is suspended steady_clock stands still, and the ticks may go on or begin anew. That is seen by a
/// pair that is not where the one before it leads. Of a stamp between those two nothing is known but that: it is taken
/// for the later.
class tick_clock {
public:
    /// Two pairs that are half a millisecond apart or more, for a beginning.
    void begin(clock_pair const& first, clock_pair const& second)
    {
        anchor_ = first;
        next_anchor_ = first;
        before_ = first;
        latest_ = second;
        learn();
    }

    /// Later than the one before.
    void note(clock_pair const& now)
    {
        constexpr nanoseconds shortest = std::chrono::milliseconds{1};
        if (now.at - latest_.at < shortest) return;
        time_point const expected = from(latest_, now.ticks);
        nanoseconds const off = expected > now.at ? expected - now.at : now.at - expected;
        bool const has_jumped = off > std::max<nanoseconds>(shortest, (now.at - latest_.at) / 1000);
        before_ = latest_;
        latest_ = now;
        is_between_ = has_jumped;
        if (has_jumped) anchor_ = next_anchor_ = now;
        learn();
        constexpr nanoseconds distance = std::chrono::seconds{5};
        if (now.at - next_anchor_.at <= distance) return;
        anchor_ = next_anchor_;
        next_anchor_ = now;
    }

    /// The time of a stamp that was made at `now` at the latest.
    [[nodiscard]] time_point time_of(std::uint64_t ticks, time_point now) const
    {
        if (!is_between_) return std::min(from(latest_, ticks), now);
        bool const began_anew = latest_.ticks < before_.ticks;
        bool const is_before = began_anew ? ticks > latest_.ticks : ticks <= before_.ticks;
        if (is_before) return std::min(from(before_, ticks), now);
        return std::clamp(from(latest_, ticks), before_.at, std::max(now, before_.at));
    }

    [[nodiscard]] double nanoseconds_per_tick() const { return ns_per_tick_; }

    /// As many ticks as that takes.
    [[nodiscard]] std::uint64_t ticks_in(nanoseconds d) const
    {
        return static_cast<std::uint64_t>(static_cast<double>(std::max<nanoseconds>(d, nanoseconds{0}).count()) /
                                          ns_per_tick_);
    }

private:
    [[nodiscard]] time_point from(clock_pair const& pair, std::uint64_t ticks) const
    {
        auto const distance = static_cast<double>(static_cast<std::int64_t>(ticks - pair.ticks)) * ns_per_tick_;
        // A stamp of another clock may be anywhere.
        constexpr double most = 1e17;
        return pair.at + nanoseconds{static_cast<std::int64_t>(std::clamp(distance, -most, most))};
    }

    void learn()
    {
        constexpr nanoseconds shortest = std::chrono::microseconds{100};
        if (latest_.at - anchor_.at < shortest || latest_.ticks <= anchor_.ticks) return;
        ns_per_tick_ = static_cast<double>(nanoseconds{latest_.at - anchor_.at}.count()) /
                       static_cast<double>(latest_.ticks - anchor_.ticks);
    }

    double ns_per_tick_{1};
    clock_pair anchor_;       // from which on the rate is learnt
    clock_pair next_anchor_;  // 5 s later, at most: that it is of this time
    clock_pair before_;
    clock_pair latest_;
    bool is_between_{false};  // the clocks have parted between the last two
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
