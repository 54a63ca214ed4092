// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/loop.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../block/block_record.hpp"
#include "../capture/look.hpp"
#include "../evidence/reading.hpp"
#include "../loop/courier.hpp"
#include "../loop/pulse.hpp"
#include "../loop/runners.hpp"
#include "../platform/doorbell.hpp"
#include "../platform/thread.hpp"
#include "../report/watched.hpp"
#include "deadline.hpp"
#include "idle/idle_watch.hpp"

#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// One watched loop: what a guard, the watchdog and the reporter share.
struct watch : watched {
    watch(watch_settings settings, nanoseconds heartbeat_interval, doorbell& bell, owned<loop> l)
        : watched{std::move(settings)},
          timing{heartbeat_timing::of(how.threshold, heartbeat_interval)},
          beats{make_pulse(bell, l->scheduler(), how.threshold, how.on_strand)},
          target{l.release()},
          scheduler{target->scheduler()},
          clock{timing, detail::clock::now()},
          idle{how.is_context, timing.period}
    {
    }

    // --- never changed ---
    heartbeat_timing timing;
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
    deadline clock;
    loop_threads threads;
    idle_watch idle;
    enum class phase {
        awake,    // heartbeats come and go, or the one that is out may still wait
        blocked,  // it has waited too long, and the loop is at fault
        dormant,  // it waits, but as far as is known nobody runs the loop
        over      // the watch has ended
    } mode{phase::awake};
    owned<block_record> record;  // of the block, while mode is blocked
    bool word_due{false};        // to be said once the look under way has been taken
    bool last_look{false};       // the look under way is the one that the end of the watch waits for
    bool has_baseline{false};
    fixed<thread_counters, loop_threads::max> at_send{};  // of `threads`, since the heartbeat that is out waits
    process_counters process_at_send;
    time_point next_word{};  // when to say that it is still blocked
    nanoseconds word_distance{};
    // Whether a thread runs it while the heartbeat that is out waits; taken for granted where that can't be known.
    bool attended{true};
    run_calls attended_by;  // by which it is run, as seen when that heartbeat was sent or later
    time_point unattended_since{};
    time_point next_search{};    // for who runs it
    time_point last_alive{};     // when the blocked context was last seen run, and not stopped
    time_point excused_until{};  // up to where a late watchdog was taken into account
    bool ending{false};          // the guard waits for the watchdog to look once more
    thread_number ended_by{0};
    time_point ended_at{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
