// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "../evidence/reading.hpp"
#include "../exact/seen_handler.hpp"
#include "../loop/runners.hpp"
#include "../platform/thread.hpp"
#include "attendance.hpp"
#include "watch.hpp"
#include "watch_host.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Which handlers hold a loop, where threads write down what they run. A heartbeat is out all the same, and waits for
// them: if it runs, the loop took a handler meanwhile, by a nested run say, and was not held. So what is written down
// tells since when the loop is held, and until when, but never by itself that it is. Under the watchdog's mutex.

/// How long a handler has run before anybody looks whether it holds a loop. In time for its end to be known: the
/// watchdog looks at busy loops once a period, which is less than a quarter of the threshold.
[[nodiscard]] inline nanoseconds worth_a_look(watch const& w) { return w.timing.threshold / 4; }

/// The handlers of one thread, the outermost first, are where these begin.
[[nodiscard]] inline view<seen_handler const> of_first_thread(view<seen_handler const> all)
{
    std::size_t size = 0;
    while (size < all.size() && all[size].thread == all[0].thread) ++size;
    return all.first(size);
}

/// The handler in which this thread is, and by which it is held for the loop: the outermost within the innermost run
/// of the loop, or of the strand. Null: it could take another one, or does not run it.
[[nodiscard]] inline seen_handler const* holder_on(thread_number thread, scheduler_identity const& loop,
                                                   view<seen_handler const> all, watch_host& host)
{
    std::uintptr_t const call = host.innermost_call_of(thread, loop);
    if (call == 0) return nullptr;
    // Stacks grow downwards: what a call has called is below it.
    return first_of(all, [&](seen_handler const& one) { return one.thread == thread && one.frame < call; });
}

/// Who holds a strand, or else the whole context: all of its threads. Nothing if they don't, or if that can't be known.
/// `all` stays valid.
[[nodiscard]] inline maybe<held_loop> find_holders(watch& w, view<seen_handler const> all, time_point now,
                                                   watch_host& host)
{
    held_loop held;
    held.seen_at = now;
    held.since = w.beat_deadline.last_beat();  // then it took a handler, or the watch began
    if (w.strand.known()) {
        for (view<seen_handler const> rest = all; !rest.empty(); rest = rest.subspan(of_first_thread(rest).size()))
            if (seen_handler const* const one = holder_on(rest[0].thread, w.strand, rest, host)) {
                held.by[held.size++] = *one;
                held.since = std::max(held.since, one->began);
                return held;
            }
    }
    auto const runners = host.find_runners(w.scheduler, w.threads.all());
    if (runners.size == 0 || !runners.all) return nothing;
    for (thread_number const thread : runners.found()) {
        seen_handler const* const one = holder_on(thread, w.scheduler, all, host);
        if (one == nullptr) return nothing;
        held.by[held.size++] = *one;
        held.since = std::max(held.since, one->began);
    }
    return held;
}

/// Which handler holds this one thread for the loop, and since when. Those that it has run within that one, in a nested
/// run, were taken from the loop: it is held since the last of them. Nothing: it is not held, or not for long.
[[nodiscard]] inline maybe<held_loop> find_holder_of_thread(watch const& w, view<seen_handler const> of_thread,
                                                            time_point now, watch_host& host)
{
    seen_handler const* const one = holder_on(of_thread[0].thread, w.scheduler, of_thread, host);
    if (one == nullptr) return nothing;
    held_loop held;
    held.by[held.size++] = *one;
    held.seen_at = now;
    // The one that it runs within that just now is none of this loop's, or that would be who holds it.
    bool const runs_others =
        any_of(of_thread, [&](seen_handler const& inner) { return inner.place == one->place + 1; });
    held.since = std::max(runs_others ? one->began : host.last_begun_within(*one), w.exact->watched_since);
    if (now - held.since < worth_a_look(w)) return nothing;
    return held;
}

/// Whether one of them may be of interest: microseconds are saved for all short handlers.
[[nodiscard]] inline bool any_is_long(watch const& w, view<seen_handler const> all, time_point now)
{
    return any_of(all, [&](seen_handler const& one) { return now - one.began >= worth_a_look(w); });
}

/// Takes note of what has become of the handlers that hold the loop.
inline void look_at_holders(held_loop& held, time_point now, watch_host& host)
{
    for (seen_handler const& one : held.all()) {
        handler_fate const fate = host.fate_of(one);
        if (fate.now == handler_fate::is::running) continue;
        time_point const ended_at = fate.now == handler_fate::is::ended ? fate.ended_at : held.seen_at;
        if (held.ended_at && *held.ended_at <= ended_at) continue;
        held.ended_at = ended_at;
        held.unsure = fate.now == handler_fate::is::ended ? nanoseconds{0} : now - held.seen_at;
        held.ended_on = one.thread;
    }
    if (!held.ended_at) held.seen_at = now;
}

/// Of several that held the loop one has ended: whether its thread goes on in it. One that has left the loop, by an
/// exception, has freed nobody: the others hold it as before. For a moment it can't be told, in which the thread
/// leaves, or begins another handler. `now` has that thread's counters: while it waits for a CPU it does neither.
[[nodiscard]] inline bool has_freed(watch const& w, held_loop& held, thread_counters const& now, watch_host& host)
{
    thread_number const thread = held.ended_on;
    if (host.innermost_call_of(thread, w.scheduler) != 0) {
        bool const has_begun_another = any_of(host.running_handlers(), [&](seen_handler const& one) {
            return one.thread == thread && !any_of(held.all(), [&](seen_handler const& before) {
                       return before.is_same_as(one);  // it says that it ends a moment before it does
                   });
        });
        if (has_begun_another) return true;
        if (held.ended_with.at == time_point{}) held.ended_with = now;
        constexpr nanoseconds patience = std::chrono::milliseconds{1};
        return now.at - held.ended_with.at - (now.run_delay - held.ended_with.run_delay) > patience;
    }
    std::size_t kept = 0;
    for (seen_handler const& one : held.all())
        if (one.thread != thread) held.by[kept++] = one;
    held.size = kept;
    held.ended_at.reset();
    held.ended_with = {};
    return false;
}

/// From now on the heartbeat that is out waits for these.
inline void note_held(watch& w, held_loop held, watch_host& host)
{
    seen_handler const* first = nullptr;
    for (seen_handler const& one : held.all()) {
        host.await_end(one, w.timing.threshold);
        if (first == nullptr || one.began < first->began) first = &one;
    }
    held.facts = host.facts_of(*first);
    w.beat_deadline.held_since(held.since);
    w.exact->held = held;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
