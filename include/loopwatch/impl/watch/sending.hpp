// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../capture/thread_access.hpp"
#include "../loop/courier.hpp"
#include "../loop/runners.hpp"
#include "vitals.hpp"
#include "watch.hpp"
#include "watch_host.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// How the watchdog calls a loop's functions: by itself if they are Asio's own, by a courier if they may be the user's.
// Under the watchdog's mutex.

/// How many handlers have run on the loop's threads, for a backlog to tell what ran since.
inline void count_handlers(watch& w, watch_host& host)
{
    exact_watch& exact = *w.exact;
    exact.counts.clear();
    exact.counters.clear();
    for (loop_thread const& t : w.threads.all()) {
        void const* const counter = host.counter_of(t.number);
        if (counter == nullptr) continue;
        host.add_counts(counter, exact.counts);
        exact.counters.push_back(counter);
    }
}

/// How the loop's threads have spent their time: where no heartbeat tells of it.
inline void count_cpu_time(watch const& w, thread_access& threads)
{
    if (w.how.vitals == nullptr) return;
    counter_baseline read;
    std::size_t i = 0;
    for (loop_thread const& t : w.threads.all()) threads.read_counters(t.number, read.threads[i++]);
    note_cpu_time(w, read);
}

/// A heartbeat is out since `sent_at`.
inline void note_sent(watch& w, time_point sent_at, watch_host& host)
{
    w.beat_deadline.sent(sent_at);
    sent_heartbeat& sent = w.heartbeat.emplace();
    if (!w.knows_runners()) return;
    if (run_calls const calls = calls_of(host, w.scheduler, w.threads.all()); !calls.empty())
        sent.attendance = attended{calls};
    else
        sent.attendance = unattended{.left_at = sent_at, .search_at = sent_at};
}

inline void send_heartbeat(watch& w, thread_access& threads, watch_host& host)
{
    if (w.by_courier != nullptr) return w.by_courier->post();
    w.beats->send();
    try {
        if (w.exact)
            count_handlers(w, host);
        else
            w.idle.before_beat(*w.beats);
        w.target->post(w.beats);
        note_sent(w, threads.now(), host);
    } catch (...) {
        // Out of memory: nothing is queued, nothing can be late.
        w.beats->unsend();
        w.beat_deadline.postpone(threads.now());
    }
}

/// Where threads write down their handlers, and were looked at: if none was in one of this loop, that rested then. Else
/// a heartbeat is sent, once that is due.
inline void send_heartbeat_if_busy(watch& w, bool is_due, thread_access& threads, watch_host& host)
{
    seen_activity const seen = *std::exchange(w.exact->seen, nothing);
    bool const stopped = w.target->stopped();
    if (!seen.in_handler || stopped) {
        // A heartbeat that was out since may have run later than that.
        w.beat_deadline.rest(std::max(seen.at, w.beat_deadline.last_beat()));
        note_rest(w, seen.at, stopped);
        count_cpu_time(w, threads);
    } else if (is_due) {
        send_heartbeat(w, threads, host);
    }
}

/// A heartbeat is due, as of `now`, which is a time before the loop is looked at.
inline void send_heartbeat_unless_at_rest(watch& w, time_point now, thread_access& threads, watch_host& host)
{
    // One that rests is as good as one that has just run a heartbeat.
    bool const stopped = w.by_courier == nullptr && w.target->stopped();
    if (stopped || (w.by_courier == nullptr && w.idle.sees_rest(w.threads.all()))) {
        w.beat_deadline.postpone(now);
        note_rest(w, now, stopped);
    } else {
        send_heartbeat(w, threads, host);
    }
}

/// Whether a courier is on its way: then there is nothing to do before it rings.
[[nodiscard]] inline bool awaits_courier(watch const& w) { return w.by_courier != nullptr && w.by_courier->busy(); }

/// Takes note of what a courier has to tell.
inline void hear_courier(watch& w, watch_host& host)
{
    if (w.by_courier == nullptr) return;
    auto const found = w.by_courier->take_result();
    if (!found) return;
    w.stopped = found->stopped;
    w.asked_at = found->asked_at;
    if (found->posted_at) {
        note_sent(w, *found->posted_at, host);
    } else if (found->to_post) {
        w.beat_deadline.postpone(found->asked_at);
        note_rest(w, found->asked_at, true);
    }
}

/// Whether the loop is stopped, as far as is known.
[[nodiscard]] inline bool is_stopped(watch const& w)
{
    return w.by_courier != nullptr ? w.stopped : w.target->stopped();
}

/// Up to when that is known.
[[nodiscard]] inline time_point known_until(watch const& w, time_point now)
{
    return w.by_courier != nullptr && w.target->tells_when_stopped() ? w.asked_at : now;
}

/// While a block lasts, to be asked again and again.
inline void ask_whether_stopped(watch& w, time_point now)
{
    if (known_until(w, now) + w.timing.period <= now && !w.by_courier->busy()) w.by_courier->ask();
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
