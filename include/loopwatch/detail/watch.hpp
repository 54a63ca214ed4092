// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "../cause.hpp"
#include "../options.hpp"
#include "block_record.hpp"
#include "capture/look.hpp"
#include "config.hpp"
#include "courier.hpp"
#include "deadline.hpp"
#include "evidence/reading.hpp"
#include "fixed.hpp"
#include "idle/idle_watch.hpp"
#include "library_code.hpp"
#include "loop.hpp"
#include "owned.hpp"
#include "policy.hpp"
#include "pulse.hpp"
#include "raw_block.hpp"
#include "run_list/runners.hpp"
#include "run_list/scheduler_identity.hpp"
#include "shared.hpp"
#include "watch_handle.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// One watched loop: what a guard, the watchdog and the reporter share. Who may touch what stands at each part.
struct watch : counted {
    watch(options const& given, loopwatch::sink to, doorbell& bell, owned<loop> l, policy const& bears, audience whose)
        : threshold{given.threshold},
          times{rhythm::of(given.threshold, given.heartbeat_interval)},
          action{given.action},
          raise_on{given.raise_on},
          all_frames{given.all_frames},
          on_strand{l->is_strand()},
          is_context{l->is_context()},
          context{l->context()},
          name{given.loop_name},
          sink{std::move(to)},
          known{bears},
          others_code{given.library_code},
          heard_by{whose},
          beats{make_pulse(bell, l->scheduler(), given.threshold, on_strand)},
          target{l.release()},
          scheduler{target->scheduler()},
          clock{times, detail::clock::now()},
          idle{is_context, times.period}
    {
    }

    // --- never changed ---
    nanoseconds threshold;
    rhythm times;
    on_block action;
    cause_set raise_on;
    bool all_frames;
    bool on_strand;
    bool is_context;
    void const* context;  // that it lives in, or null
    std::string name;
    loopwatch::sink sink;
    policy known;  // the blocks that it bears
    library_code others_code;
    audience heard_by;
    pulse_ref beats;

    /// Whether it can be known which threads run it. What executors of other kinds do with a handler is seen when one
    /// has run.
    [[nodiscard]] bool knows_runners() const
    {
        if (!beats->loop().known()) return false;
        return beats->listed() == pulse::listing::untried ? is_context || on_strand
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

    // --- under the reporter's mutex ---
    std::size_t pending{0};             // blocks handed over and not yet reported
    std::vector<block_report> reports;  // those that have ended
    std::vector<block_report> excused;  // those that nobody is blamed for
    std::uint64_t dropped{0};           // those that could not be kept
    std::uint64_t last_number{0};
    bool announced{false};  // a word in between was said of the block last numbered
    bool was_left{false};   // the loop was once seen with nobody running it
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
