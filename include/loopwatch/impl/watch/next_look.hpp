// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "block_keeper.hpp"
#include "sending.hpp"
#include "watch.hpp"
#include "watch_phase.hpp"

#include <algorithm>
#include <chrono>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// When a watch is to be looked at. Pure; under the watchdog's mutex.

/// When it wants to be looked at again.
[[nodiscard]] inline time_point next_look(watch const& w, time_point now)
{
    bool const is_awake = w.is_in<phases::awake>();
    constexpr nanoseconds soon = std::chrono::microseconds{100};
    if (w.held() != nullptr && w.held()->ended_at) return now + soon;
    // The courier rings when it is back. But how late the watchdog is then counts from what it plans here.
    if (awaits_courier(w) && is_awake) return now + std::min(w.timing.period, w.timing.threshold);
    if (auto const* const block = w.block())
        return std::min(block_keeper::next_look(w, *block->record, now),
                        w.end_requested ? now + w.timing.period : time_point::max());
    if (w.is_in<phases::over>() || w.is_in<phases::paused>()) return time_point::max();
    // The watchdog looks at all threads again when they run handlers. And what holds a loop says when it ends.
    if (w.exact && is_awake && !w.heartbeat) return time_point::max();
    if (w.held() != nullptr && is_awake) return w.beat_deadline.due_at();
    // The heartbeat rings when it runs. But it may be queued behind a handler in which the next runner blocks. Its
    // deadline means nothing until there is one.
    if (auto const* const waits = w.waits_for_nobody()) return waits->search_at;
    if (!is_awake) return time_point::max();
    // One that is overdue, and not judged, waits for a lane to tell.
    return !w.lanes().empty() && w.beat_deadline.at(now) == verdict::missed ? now + w.timing.period
                                                                            : w.beat_deadline.next_look(now);
}

/// How much sooner than at `next`, as next_look() has it, it may be looked at: not at all if that would change nothing.
[[nodiscard]] inline nanoseconds how_much_sooner(watch const& w, time_point next, time_point now)
{
    deadline const& d = w.beat_deadline;
    bool const to_send = w.is_in<phases::awake>() && (!d.waiting() || (w.waits_for() != nullptr && next < d.due_at()));
    return to_send && next - now > w.timing.early ? w.timing.early : nanoseconds{0};
}

/// If the watchdog was late by more than its tolerance, the machine or the process stood still, and the loops with it:
/// that time is taken off the wait. `planned` is when it was to be heard of.
inline void excuse_delay(watch& w, time_point now, time_point planned)
{
    if (w.is_in<phases::paused>() || w.is_in<phases::over>()) return;
    // Once it is known to be blocked, a busy machine must not make the block look shorter than it is.
    constexpr nanoseconds suspension = std::chrono::milliseconds{250};  // no scheduler makes a thread wait as long
    auto const tolerance = w.block() != nullptr ? suspension : w.timing.tolerance;
    // A guard that has ended waits for this thread, and what it guarded does not.
    time_point const reached = w.end_requested ? std::min(now, w.end_requested->asked_at) : now;
    if (planned == time_point::max() || reached - planned <= tolerance) return;
    w.beat_deadline.excuse(planned, w.beats->out() ? reached : std::min(reached, w.beats->ran_at()));
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
