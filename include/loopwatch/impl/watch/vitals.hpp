// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../capture/look.hpp"
#include "../vitals/loop_vitals.hpp"
#include "sent_heartbeat.hpp"
#include "watch.hpp"
#include "watch_phase.hpp"

#include <chrono>
#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// What a monitor wants to know of a watch. Guards have no vitals, and these do nothing. Under the watchdog's mutex.

[[nodiscard]] inline loop_state state_of(watch const& w)
{
    if (w.is_in<phases::over>() || w.is_in<phases::paused>()) return loop_state::unwatched;
    if (w.is_in<phases::blocked>()) return loop_state::blocked;
    bool const left = w.heartbeat ? w.waits_for() == nullptr : w.how.vitals->stopped;
    return left || w.is_in<phases::dormant>() ? loop_state::unattended : loop_state::answering;
}

/// The watchdog has looked at it, and means to look again then.
inline void note_look(watch const& w, time_point now, time_point look_at)
{
    if (w.how.vitals == nullptr) return;
    last_look look{.state = state_of(w), .alive_at = w.beat_deadline.last_beat(), .look_at = look_at};
    if (w.exact && !w.heartbeat) look.alive_at = time_point::max();  // it rests, and rings when it does not any more
    time_point const since = w.beat_deadline.sent_at() + w.beat_deadline.excused();
    // A block that ends is noticed at once. That another heartbeat has run is seen at the next look.
    if (look.state == loop_state::blocked)
        look.blocked_since = since;
    else if (look.state == loop_state::answering && w.heartbeat)
        w.how.vitals->note_delay_so_far(now - since, now);
    w.how.vitals->note(look);
}

/// The heartbeat that is out has waited until then, and somebody ran the loop all the time.
inline void note_wait(watch const& w, time_point until)
{
    if (w.how.vitals == nullptr) return;
    w.how.vitals->note_delay(until - w.beat_deadline.sent_at() - w.beat_deadline.excused(), w.timing.period, until);
}

/// A heartbeat was due, and the loop slept; or it is stopped, and none is sent.
inline void note_rest(watch const& w, time_point now, bool stopped)
{
    if (w.how.vitals == nullptr) return;
    w.how.vitals->stopped = stopped;
    if (!stopped) w.how.vitals->note_delay(nanoseconds{0}, w.timing.period, now);
}

/// How the loop's threads have spent their time until the heartbeat waits.
inline void note_cpu_time(watch const& w, counter_baseline const& read)
{
    if (w.how.vitals == nullptr || !w.threads.seen()) return;
    loop_vitals& vitals = *w.how.vitals;
    // Of more threads than that only the last ones are known.
    bool known = w.threads.all().size() < loop_threads::max;
    nanoseconds spent{0};
    for (std::size_t i = 0; i < w.threads.all().size(); ++i) {
        thread_counters const& of_thread = read.threads[i];
        known = known && of_thread.known;
        if (of_thread.known) spent += vitals.cpu_time().since_last(w.threads.all().data()[i].number, of_thread.on_cpu);
    }
    add_alone(vitals.totals().on_cpu, static_cast<std::int64_t>(spent.count()));
    vitals.totals().cpu_time_is_known.store(known, std::memory_order_relaxed);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
