// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../block/duration_bounds.hpp"

#include <algorithm>
#include <chrono>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The times that a watch keeps, derived from the threshold T and the interval I that the user gave.
///
/// A heartbeat that waited w proves that a handler held the loop for at least w, less what the loop itself needs
/// between two handlers (a look at the reactor, a mutex, the scheduler: microseconds). `slack` is set aside for it,
/// so that neither rule breaks: no block under T is reported, and no reported duration exceeds the truth.
/// The same slack must then be won back, or a block of T + I could slip through: beats are sent a little more often
/// than I, and what is left of the difference is for a watchdog that the system wakes late.
struct heartbeat_timing {
    // A busy machine wakes a thread some milliseconds late, which says little of the others: a block must not be lost
    // for it. Stopped processes and suspended machines stand still for longer.
    static constexpr nanoseconds least_tolerance = std::chrono::milliseconds{10};

    nanoseconds threshold{};
    nanoseconds period{};  // from one heartbeat to the next
    nanoseconds slack{};
    nanoseconds early{};      // how much sooner than that it may be, where the watchdog is awake anyhow
    nanoseconds tolerance{};  // how late the watchdog may wake without moving a deadline

    static constexpr heartbeat_timing of(nanoseconds threshold, nanoseconds interval)
    {
        using namespace std::chrono_literals;
        heartbeat_timing r;
        r.threshold = threshold;
        r.slack = std::min<nanoseconds>(interval / 12, 200us);
        r.period = std::max<nanoseconds>(interval - std::min<nanoseconds>(interval * 2 / 5, 1ms), 50us);
        // Enough for the looks at many loops to come together, so that the watchdog need not wake for each.
        r.early = std::min<nanoseconds>(r.period / 8, 5ms);
        r.tolerance = std::max(interval, least_tolerance);
        return r;
    }

    /// For loops that are looked at instead of asked, which costs them nothing: each handler of the threshold has to be
    /// seen well before it ends.
    [[nodiscard]] constexpr heartbeat_timing often_enough() const
    {
        heartbeat_timing const usual = of(threshold, threshold / 4);
        return period <= usual.period ? *this : usual;
    }
};

enum class verdict {
    resting,  // no heartbeat is out, and it is not yet time for the next
    due,      // it is time to send one
    in_time,  // one is out, and may still wait
    missed    // one is out, and has waited too long
};

/// The deadline of one watch: which heartbeat is out, and since when.
///
/// Pure: no clock, no thread, no loop. The watchdog feeds it time points, its tests feed it numbers.
class deadline {
public:
    deadline(heartbeat_timing r, time_point began) : timing_{r}, last_beat_{began}, next_send_{began} {}

    [[nodiscard]] bool waiting() const { return waiting_; }
    [[nodiscard]] time_point sent_at() const { return sent_; }
    [[nodiscard]] time_point last_beat() const { return last_beat_; }

    /// A heartbeat is in the loop's queue since `now`. Call it with a time taken after it was posted: a stamp from
    /// before would count the poster's own delays as the loop's.
    void sent(time_point now)
    {
        waiting_ = true;
        sent_ = now;
        excused_ = nanoseconds{0};
        is_held_ = false;
        next_send_ = now + timing_.period;
    }

    /// One is out, and the loop is held since then by handlers whose beginning and end are known: that counts, and not
    /// since when it waits. Nothing is set aside for the loop's own work, and nothing before it counts.
    void held_since(time_point began)
    {
        before_hold_ = {sent_, last_beat_, excused_};
        sent_ = began;
        last_beat_ = began;
        is_held_ = true;
        excused_ = std::max(nanoseconds{0}, excused_until_ - std::max(excused_from_, began));
    }

    /// It is not held any more, and the heartbeat is still out. What it has waited for as a whole counts again; or, if
    /// there was a block, what comes after it.
    void hold_over(time_point ended_at, bool was_block)
    {
        is_held_ = false;
        if (was_block) {
            sent_ = last_beat_ = ended_at;
            excused_ = nanoseconds{0};
        } else {
            sent_ = before_hold_.sent;
            last_beat_ = before_hold_.last_beat;
            excused_ = std::max(before_hold_.excused, excused_);
        }
    }

    /// The heartbeat ran. Returns the block that it waited for, if it was one.
    [[nodiscard]] maybe<duration_bounds> beat(time_point ran)
    {
        auto const found = so_far(ran);
        rest(ran);
        return found;
    }

    /// The loop was seen alive, or not running, at `now`, and no heartbeat is out: nothing before counts.
    void rest(time_point now)
    {
        waiting_ = false;
        last_beat_ = now;
    }

    /// Nobody ran the loop at that time, which may be some time ago: until then the heartbeat that is out has not
    /// waited for it.
    void unattended(time_point at)
    {
        attended(std::max(at, sent_));
        last_beat_ = std::max(at, last_beat_);
    }

    /// Somebody does now: from here on it waits.
    void attended(time_point now)
    {
        sent_ = now;
        excused_ = nanoseconds{0};
        is_held_ = false;
    }

    /// From now on these times hold, also for the heartbeat that is out, from its beginning.
    void change(heartbeat_timing to)
    {
        next_send_ += to.period - timing_.period;
        timing_ = to;
    }

    /// No heartbeat could be sent: ask again a period later.
    void postpone(time_point now)
    {
        rest(now);
        next_send_ = now + timing_.period;
    }

    /// Nobody is to blame for the time between these two: the watchdog itself did not run. What was excused before is
    /// not taken off again.
    void excuse(time_point from, time_point to)
    {
        if (to > excused_until_) excused_from_ = std::max(from, excused_until_);
        from = std::max({from, sent_, excused_until_});
        excused_until_ = std::max(to, excused_until_);
        if (!waiting_) return;
        if (from < to) excused_ += to - from;
    }

    [[nodiscard]] verdict at(time_point now) const
    {
        if (!waiting_) return now < next_send_ ? verdict::resting : verdict::due;
        return now < due_at() ? verdict::in_time : verdict::missed;
    }

    /// The block under way, as long as it has lasted until `now`, if it is one yet.
    [[nodiscard]] maybe<duration_bounds> so_far(time_point now) const
    {
        if (!waiting_) return nothing;
        nanoseconds const held = now - sent_ - excused_ - slack();
        if (held < timing_.threshold) return nothing;
        return duration_bounds{held, now - last_beat_};
    }

    /// What was taken off the waiting of the heartbeat that is out.
    [[nodiscard]] nanoseconds excused() const { return excused_; }

    /// The wait until `now` that would be a block, but for what was taken off it.
    [[nodiscard]] maybe<duration_bounds> forgiven(time_point now) const
    {
        nanoseconds const held = now - sent_ - slack();
        if (!waiting_ || held < timing_.threshold || so_far(now)) return nothing;
        return duration_bounds{held, now - last_beat_};
    }

    /// When the heartbeat that is out will have waited too long, if one is out.
    [[nodiscard]] time_point due_at() const { return sent_ + timing_.threshold + excused_; }

    /// When to look at it again: in time for the next heartbeat, which can't be sent before this one has run, and not
    /// later than its deadline. From one beat to the next heartbeat there is never more than a period.
    [[nodiscard]] time_point next_look(time_point now) const
    {
        if (!waiting_) return next_send_;
        return std::min(now < next_send_ ? next_send_ : now + timing_.period, due_at());
    }

private:
    /// Set aside for what the loop itself needs between two handlers.
    [[nodiscard]] nanoseconds slack() const { return is_held_ ? nanoseconds{0} : timing_.slack; }

    heartbeat_timing timing_;
    time_point last_beat_;
    time_point next_send_;
    time_point sent_{};
    nanoseconds excused_{};
    time_point excused_from_{};  // the last stretch that was excused
    time_point excused_until_{};
    struct {
        time_point sent{};
        time_point last_beat{};
        nanoseconds excused{};
    } before_hold_;
    bool is_held_{false};  // by handlers whose beginning is known: sent_ is that
    bool waiting_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
