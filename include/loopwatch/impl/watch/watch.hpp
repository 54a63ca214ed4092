// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/loop.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../block/block_record.hpp"
#include "../capture/look.hpp"
#include "../exact/handler_facts.hpp"
#include "../exact/seen_handler.hpp"
#include "../loop/courier.hpp"
#include "../loop/pulse.hpp"
#include "../platform/doorbell.hpp"
#include "../platform/thread.hpp"
#include "../report/watched.hpp"
#include "deadline.hpp"
#include "idle/idle_watch.hpp"
#include "sent_heartbeat.hpp"
#include "watch_phase.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A guard that ends, or a watch that is to pause, waits for the watchdog, which looks at its loop once more.
struct end_request {
    thread_number by{0};
    time_point asked_at{};
    bool to_pause{false};
    bool final_look_begun{false};
};

/// Handlers hold the loop: one, or one on each of its threads.
struct held_loop {
    fixed<seen_handler, loop_threads::max> by{};
    std::size_t size{0};
    time_point since{};            // the last of them has begun; or the watch
    time_point seen_at{};          // all of them were last seen to run
    maybe<time_point> ended_at{};  // one of them has ended
    nanoseconds unsure{0};         // by so much later at most: it did not say itself when
    thread_number ended_on{0};     // that thread
    thread_counters ended_with{};  // its, when that was first seen
    handler_facts facts{};         // of the one that began first

    [[nodiscard]] view<seen_handler const> all() const { return {by.data(), size}; }
};

struct watch;

/// What a look at all threads has told of a loop.
struct seen_activity {
    bool in_handler{false};  // a thread was in one of it
    time_point at{};
};

/// Of a loop whose threads write down the handlers that they run.
struct exact_watch {
    // With watch_scope::each_thread: one for each thread that a handler has held. The watch's own keeper leads them.
    many<shared<watch>> lanes;
    time_point watched_since{};  // of a watch with lanes: what was before is none of its business
    time_point told_until{};     // of a lane: its last block has ended
    maybe<seen_activity> seen;   // and nothing was made of it yet
    maybe<held_loop> held;       // while a heartbeat is out, which waits for it
    many<std::uint64_t> counts;  // of handlers by type, on the loop's threads, when the heartbeat was sent
    many<void const*> counters;  // see watch_host::counter_of(): of those threads
};

/// One watched loop: what a guard, the watchdog and the reporter share.
struct watch : watched {
    watch(watch_settings settings, nanoseconds heartbeat_interval, doorbell& bell, owned<loop> l,
          time_point now = clock::now())
        : watched{std::move(settings)},
          beats{make_pulse(bell, l->scheduler(), how.threshold, how.on_strand)},
          target{l.release()},
          scheduler{target->scheduler()},
          timing{heartbeat_timing::of(how.threshold, heartbeat_interval)},
          beat_deadline{timing, now},
          idle{how.is_context, timing.period}
    {
        if (!target->is_exact() || !target->is_prompt() || !scheduler.known()) return;
        exact = make_owned<exact_watch>();
        exact->watched_since = now;
        exact->seen = seen_activity{false, now};  // what an idle loop's threads have computed until now is counted
        timing = timing.often_enough();
        beat_deadline = deadline{timing, now};
        idle.change(timing.period);
    }

    /// A lane: as if it watched one thread of the loop by itself. It has no heartbeats: what its thread writes down is
    /// taken for them.
    explicit watch(watch& loop, time_point now)
        : watched{settings_of_lane(loop)},
          lane_of{&loop},
          beats{make_pulse(loop.beats->bell(), loop.scheduler, how.threshold, false)},
          target{loop.target},
          scheduler{loop.scheduler},
          timing{loop.timing},
          beat_deadline{timing, now},
          idle{false, timing.period},
          exact{make_owned<exact_watch>()}
    {
    }

    // --- never changed ---
    watch* const lane_of{nullptr};  // which keeps it; null: it is no lane
    pulse_ref beats;

    /// Whether it can be known which threads run it. What executors of other kinds do with a handler is seen when one
    /// has run.
    [[nodiscard]] bool knows_runners() const
    {
        if (!beats->loop().known()) return false;
        return beats->listed() == pulse::listing::untried ? how.is_context || how.on_strand
                                                          : beats->listed() == pulse::listing::right;
    }

    // --- under the watchdog's mutex ---
    shared<loop> target;           // null once the watch is over or the context is gone
    scheduler_identity scheduler;  // by which the threads that run it are known
    scheduler_identity strand;     // and, if it is one, by which the thread that holds it is
    courier* by_courier{nullptr};  // calls the target's functions, unless they are Asio's own
    bool stopped{false};           // as the courier was told
    time_point asked_at{};         // before it was told so
    heartbeat_timing timing;
    maybe<heartbeat_timing> next_timing;  // asked for, and not yet in use
    deadline beat_deadline;
    std::size_t queued_at{0};  // the watch_queue's
    std::uint64_t looks{0};    // of the watchdog
    unsigned awaited{0};       // threads that wait for its next look
    loop_threads threads;
    idle_watch idle;
    owned<exact_watch> exact;         // null: heartbeats alone tell of it
    watch_phase phase;                // changed by watch_keeper::enter() alone
    maybe<sent_heartbeat> heartbeat;  // while one is out: as long as beat_deadline waits
    maybe<end_request> end_requested;

    [[nodiscard]] void const* context() const { return how.context; }

    /// By whom it is known to the reporter.
    [[nodiscard]] watch& reported_as() { return lane_of != nullptr ? *lane_of : *this; }

    template <typename Phase>
    [[nodiscard]] bool is_in() const
    {
        return phase.is<Phase>();
    }
    /// The block under way, or null.
    [[nodiscard]] phases::blocked* block() { return phase.get_if<phases::blocked>(); }
    [[nodiscard]] phases::blocked const* block() const { return phase.get_if<phases::blocked>(); }

    /// What holds the loop, or null.
    [[nodiscard]] held_loop* held() const { return exact && exact->held ? &*exact->held : nullptr; }

    [[nodiscard]] view<shared<watch> const> lanes() const
    {
        return exact ? view<shared<watch> const>{exact->lanes} : view<shared<watch> const>{};
    }

    /// A heartbeat waits for those who run the loop, or for one of whom that can't be known; else null.
    [[nodiscard]] attended const* waits_for() const
    {
        return heartbeat ? heartbeat->attendance.get_if<attended>() : nullptr;
    }
    /// A heartbeat waits, and nobody runs the loop; else null.
    [[nodiscard]] unattended* waits_for_nobody()
    {
        return heartbeat ? heartbeat->attendance.get_if<unattended>() : nullptr;
    }
    [[nodiscard]] unattended const* waits_for_nobody() const
    {
        return heartbeat ? heartbeat->attendance.get_if<unattended>() : nullptr;
    }

private:
    static watch_settings settings_of_lane(watch const& of)
    {
        watch_settings s = of.how;
        s.vitals = {};  // which are of the whole loop
        return s;
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
