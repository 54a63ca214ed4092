// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "../exact/seen_handler.hpp"
#include "../loop/runners.hpp"
#include "../platform/thread.hpp"
#include "holding.hpp"
#include "sending.hpp"
#include "watch.hpp"
#include "watch_host.hpp"
#include "watch_phase.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// With watch_scope::each_thread: a lane for each thread of a loop that a handler holds, which is led as a watch of its
// own. It has no heartbeats: a handler that holds its thread is taken for one that is out, and its end for the run of
// that. Under the watchdog's mutex.

/// One that has nothing to do, or a new one. Throws: std::bad_alloc.
[[nodiscard]] inline watch& idle_lane(watch& w, time_point now)
{
    for (shared<watch> const& lane : w.lanes())
        if (lane->is_in<phases::awake>() && !lane->heartbeat) return *lane;
    return *w.exact->lanes.push_back(shared<watch>{new watch{w, now}});
}

/// It waits for nobody any more, and for no heartbeat, which it never had.
inline void give_back(watch& lane, time_point now)
{
    lane.beats->unsend();
    lane.heartbeat.reset();
    lane.exact->held.reset();
    lane.beat_deadline.rest(now);
}

/// Has a lane for each thread that a handler has held for long, and that has none yet. Throws: std::bad_alloc.
inline void begin_lanes(watch& w, view<seen_handler const> running, time_point now, watch_host& host)
{
    for (auto rest = running; !rest.empty(); rest = rest.subspan(of_first_thread(rest).size())) {
        auto const has_lane = [&](shared<watch> const& lane) {
            return lane->held() != nullptr && lane->held()->by[0].thread == rest[0].thread;
        };
        if (any_of(w.lanes(), has_lane)) continue;
        auto const held = find_holder_of_thread(w, of_first_thread(rest), now, host);
        // It says that it ends a moment before it does, and has been told of then.
        if (!held || host.fate_of(held->by[0]).now != handler_fate::is::running) continue;
        watch& lane = idle_lane(w, now);
        thread_number const thread = held->by[0].thread;
        lane.threads.presume({.number = thread});
        lane.threads.add(thread);
        lane.beats->send();
        note_sent(lane, now, host);
        if (lane.waits_for() == nullptr)
            give_back(lane, now);
        else
            note_held(lane, *held, host);
    }
}

/// A handler is told of by its thread's lane, and not once more by the heartbeat that waits for it.
[[nodiscard]] inline bool is_told_by_lane(watch& w, time_point now, watch_host& host)
{
    return w.block() == nullptr && any_of(w.lanes(), [&](shared<watch> const& lane) {
               if (lane->block() != nullptr || lane->exact->told_until > w.beat_deadline.sent_at()) return true;
               held_loop* const held = lane->held();
               if (held == nullptr) return false;
               look_at_holders(*held, now, host);
               time_point const until = held->ended_at.value_or(now);
               return lane->beat_deadline.so_far(until) || lane->beat_deadline.forgiven(until);
           });
}

/// A handler is not long enough yet. Until it is, or has ended, nobody knows who tells of it.
[[nodiscard]] inline bool any_lane_may_tell(watch const& w)
{
    return any_of(w.lanes(),
                  [](shared<watch> const& lane) { return lane->held() != nullptr && !lane->held()->ended_at; });
}

/// The heartbeat has run, maybe on a thread that is in a handler with a lane: within that the loop took it. So until
/// then the handler has held it, and no longer.
inline void end_holds_by_beat(watch& w, time_point now, watch_host& host)
{
    if (!w.beats->ran()) return;
    for (shared<watch> const& lane : w.lanes()) {
        held_loop* const held = lane->held();
        if (held == nullptr || held->by[0].thread != w.beats->thread() || w.beats->ran_at() <= held->since) continue;
        look_at_holders(*held, now, host);
        if (held->ended_at && *held->ended_at <= w.beats->ran_at()) continue;
        held->ended_at = w.beats->ran_at();
        held->ended_on = w.beats->thread();
        lane->beats->note_run(w.beats->ran_at(), w.beats->thread());
    }
}

/// The watch ends, or is to pause: its lanes end, and are made anew.
inline void request_end_of_lanes(watch& w)
{
    for (shared<watch> const& lane : w.lanes()) {
        lane->end_requested = w.end_requested;
        lane->end_requested->to_pause = false;
    }
}

/// As if nobody else ran the loop.
[[nodiscard]] inline loop_runners only_runner_of(watch const& lane, watch_host& host)
{
    loop_runners found;
    found.all = true;
    found.calls = calls_of(host, lane.scheduler, lane.threads.all());
    for (run_call const& call : found.calls.all()) found.threads[found.size++] = call.thread;
    return found;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
