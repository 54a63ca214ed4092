// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../../loop_state.hpp"
#include "../base/clock.hpp"
#include "loop_totals.hpp"
#include "recent_delay.hpp"
#include "single_writer.hpp"
#include "threads_time.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the watchdog last saw of a loop.
struct last_look {
    loop_state state{loop_state::unwatched};
    time_point blocked_since{};  // since when its heartbeat has waited, if it is blocked; or none
    time_point alive_at{};       // when the loop was last known to be alive
    time_point look_at{};        // when the watchdog means to look again
};

/// How a loop is: written by the watchdog, under its mutex; read by any thread, without a lock, also while both the
/// loop and the watchdog are stuck.
class loop_vitals : public counted {
public:
    /// Never null.
    explicit loop_vitals(shared<loop_totals> to) : totals_{std::move(to)} {}

    // --- under the watchdog's mutex ---

    void note(last_look const& look) noexcept
    {
        state_.store(look.state, std::memory_order_relaxed);
        alive_at_.store(look.alive_at, std::memory_order_relaxed);
        blocked_since_.store(look.blocked_since, std::memory_order_relaxed);
        // The last: who sees it sees the others, too.
        look_at_.store(look.look_at, std::memory_order_release);
    }

    /// A heartbeat waited so long, until then, for somebody who ran the loop.
    void note_delay(nanoseconds waited, nanoseconds period, time_point until) noexcept
    {
        waited = std::max(waited, nanoseconds{0});
        totals_->delays.record(waited, period);
        totals_->history.record(waited, until);
        recent_.record(waited, until);
    }

    /// The heartbeat that is out has waited so long until now, and no longer is known.
    void note_delay_so_far(nanoseconds waited, time_point now) noexcept
    {
        recent_.record(std::max(waited, nanoseconds{0}), now);
    }

    /// See threads_time.
    [[nodiscard]] threads_time& cpu_time() { return cpu_time_; }
    [[nodiscard]] loop_totals& totals() const { return *totals_; }

    /// The loop is known to be stopped, and has no heartbeat.
    bool stopped{false};

    // --- any thread ---

    [[nodiscard]] loop_state state() const noexcept { return state_.load(std::memory_order_relaxed); }

    /// For how long it has been blocked. 0: it is not, as far as is known, or nobody runs it. Where the watchdog itself
    /// is late, because the whole process was stopped, say, that time does not count.
    [[nodiscard]] nanoseconds blocked_for(time_point now) const noexcept
    {
        time_point const look_at = look_at_.load(std::memory_order_acquire);
        time_point const since = blocked_since_.load(std::memory_order_relaxed);
        if (since == time_point{}) return nanoseconds{0};
        constexpr nanoseconds tolerance =
            std::chrono::milliseconds{250};  // as long as no scheduler makes a thread wait
        time_point const known_until = look_at < time_point::max() - tolerance ? look_at + tolerance : look_at;
        return std::max(nanoseconds{0}, std::min(now, known_until) - since);
    }

    /// Since when the loop is not known to be alive. 0 if nobody runs it.
    [[nodiscard]] nanoseconds age(time_point now) const noexcept
    {
        loop_state const is = state();
        if (is != loop_state::answering && is != loop_state::blocked) return nanoseconds{0};
        return std::max(nanoseconds{0}, now - alive_at_.load(std::memory_order_relaxed));
    }

    /// The longest delay of the last second, that of now included: while it is shorter than the threshold as it was at
    /// the watchdog's last look. 0: it is not watched.
    [[nodiscard]] nanoseconds delay(time_point now) const noexcept
    {
        if (state() == loop_state::unwatched) return nanoseconds{0};
        return std::max(recent_.longest(now), blocked_for(now));
    }

    /// False: delay() is not above the bound just now. Needs no clock, and takes a few nanoseconds.
    [[nodiscard]] bool may_be_above(nanoseconds bound) const noexcept
    {
        return recent_.may_be_above(bound) || blocked_since_.load(std::memory_order_relaxed) != time_point{};
    }

private:
    shared<loop_totals> const totals_;
    std::atomic<loop_state> state_{loop_state::unwatched};
    std::atomic<time_point> alive_at_{};
    std::atomic<time_point> blocked_since_{};
    std::atomic<time_point> look_at_{};
    recent_delay recent_;
    threads_time cpu_time_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
