// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "capture/capture.hpp"
#include "clock.hpp"
#include "config.hpp"
#include "reporter.hpp"
#include "sending.hpp"
#include "stack_bounds.hpp"
#include "thread.hpp"
#include "watch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Leads one watch from phase to phase: sends its heartbeats, notes what became of them, looks at its threads when one
/// is late, and hands over blocks. Every function is called under the watchdog's mutex, and takes microseconds.
///
///     awake --miss--> blocked --absorb--> awake
///       \--miss, nobody runs it--> dormant --absorb--> awake          any --end--> over
class watch_keeper {
public:
    explicit watch_keeper(reporter& to) : reporter_{to} {}

    /// Moves one watch on to `now`. Returns when it wants to be looked at again.
    time_point step(watch& w, time_point now, time_point planned)
    {
        catch_up(w, now, planned);
        if (!w.clock.waiting() && w.clock.at(now) == verdict::due) send_heartbeat_unless_at_rest(w, now);
        if (w.mode == watch::phase::awake && w.clock.at(now) == verdict::missed) miss(w, now);
        if (w.mode == watch::phase::blocked) hold_on(w, now);
        if (w.ending && w.mode != watch::phase::over) finish(w);
        return next_look(w, now);
    }

    /// Takes note of the heartbeat if it has run. `planned` is when the watchdog meant to wake next.
    void catch_up(watch& w, time_point now, time_point planned)
    {
        excuse_delay(w, now, planned);
        if (w.clock.waiting() && !w.beats->out()) absorb(w);
        if (w.mode != watch::phase::blocked) return;
        w.first.poll();
        w.latest.poll();
        if (w.target->stopped())
            conclude_at_last_sign(w, now);
        else
            w.last_alive = now;
    }

    /// Whether there is a block under way that would count if the watch ended now.
    [[nodiscard]] static bool held(watch const& w, time_point now)
    {
        return w.mode != watch::phase::dormant && w.clock.so_far(now) && may_be_held(w);
    }

    /// The context is about to go.
    void context_gone(watch& w, time_point now, time_point planned)
    {
        catch_up(w, now, planned);
        if (w.mode == watch::phase::blocked) conclude_at_last_sign(w, now);
        end(w);
    }

    /// Nothing more is sent, and no executor is kept.
    void end(watch& w)
    {
        become(w, watch::phase::over);
        w.target.reset();
    }

private:
    static time_point next_look(watch const& w, time_point now)
    {
        switch (w.mode) {
            case watch::phase::over:
            case watch::phase::dormant: return time_point::max();  // the beat will ring
            case watch::phase::blocked: {
                bool const looking = w.first.under_way() || w.latest.under_way();
                // A loop that has never run may be left alone for long: the beat rings.
                if (!looking && !w.threads.seen() && now - w.clock.sent_at() > first_run) return w.next_word;
                return std::min({now + w.times.period, w.first.next_poll(now), w.latest.next_poll(now), w.next_word});
            }
            case watch::phase::awake: break;
        }
        return w.clock.next_look(now);
    }

    /// If the watchdog was late by more than a little, the machine or the process stood still: the loops with it.
    void excuse_delay(watch& w, time_point now, time_point planned)
    {
        // Once it is known to be blocked, a busy machine must not make the block look shorter than it is.
        auto const tolerance = w.mode == watch::phase::blocked ? nanoseconds{suspension} : w.times.tolerance;
        if (planned == time_point::max() || now - planned <= tolerance) return;
        time_point const until = w.beats->out() ? now : std::min(now, w.beats->ran_at());
        w.clock.excuse(std::max(planned, w.excused_until), until);
        w.excused_until = std::max(until, w.excused_until);
    }

    void absorb(watch& w)
    {
        bool const was_dormant = w.mode == watch::phase::dormant;
        if (w.beats->ran()) w.idle.after_beat(*w.beats, w.beats->ran_at() - w.clock.sent_at());
        if (!w.beats->ran()) {
            w.clock.rest(clock::now());
        } else if (was_dormant) {
            w.clock.rest(w.beats->ran_at());
        } else {
            time_point const sent_at = w.clock.sent_at();
            if (auto const block = w.clock.beat(w.beats->ran_at()); block && !w.threads.empty())
                hand_over(w, *block, ending::beat, sent_at, w.beats->ran_at());
        }
        if (w.beats->ran()) w.threads.add(w.beats->thread(), stack_of_beat(*w.beats));
        become(w, watch::phase::awake);
    }

    /// Only one that was called by bell tells of its stack; so did an earlier one of the same thread.
    [[nodiscard]] static stack_bounds stack_of_beat(pulse const& beats)
    {
        return beats.path().thread == beats.thread() ? beats.path().stack : stack_bounds{};
    }

    /// Leaves a block, if there was one, and what was seen of it.
    static void become(watch& w, watch::phase next)
    {
        w.first.clear();
        w.latest.clear();
        w.word_due = false;
        w.mode = next;
    }

    /// Whether a late heartbeat may be the loop's fault: nobody may be running it.
    [[nodiscard]] static bool may_be_held(watch const& w) { return !w.threads.empty() && !w.target->stopped(); }

    void miss(watch& w, time_point now)
    {
        if (!may_be_held(w)) return sleep(w);
        w.mode = watch::phase::blocked;
        w.last_alive = now;
        w.word_distance = std::chrono::seconds{1};
        w.next_word = w.action == on_block::log ? w.clock.sent_at() + w.word_distance : time_point::max();
        if (!w.beats->call_when_run()) return absorb(w);
        w.first.begin(w.threads.all());
    }

    /// Until the heartbeat runs there is nothing to be said.
    void sleep(watch& w)
    {
        become(w, watch::phase::dormant);
        if (!w.beats->call_when_run()) absorb(w);
    }

    /// A block that goes on.
    void hold_on(watch& w, time_point now)
    {
        if (w.first.taken() && std::ranges::all_of(w.first.found().all(),
                                                   [](snapshot const& s) { return s.missing == gap::thread_gone; })) {
            w.threads.clear();
            return sleep(w);
        }
        if (w.word_due && w.latest.taken()) {
            w.word_due = false;
            if (auto const length = w.clock.so_far(now)) hand_over(w, *length, ending::none, w.clock.sent_at(), now);
        } else if (!w.word_due && now >= w.next_word && w.first.taken()) {
            w.word_due = true;
            w.word_distance *= 2;
            w.next_word = w.clock.sent_at() + w.word_distance;
            w.latest.begin(w.threads.all());
        }
    }

    /// The guard waits in remove(): look once more, then hand over what there is.
    void finish(watch& w)
    {
        if (w.mode == watch::phase::blocked) {
            if (w.first.under_way()) return;
            if (!w.last_look) {
                w.last_look = true;
                w.latest.clear();
                w.latest.begin(w.threads.all());
            }
            if (w.latest.under_way()) return;
            bool const own = w.threads.contain(w.ended_by);
            if (auto const length = w.clock.so_far(w.ended_at))
                hand_over(w, *length, own ? ending::scope : ending::watch, w.clock.sent_at(), w.ended_at);
        }
        end(w);
    }

    /// The context was stopped or is gone: the block lasted at least until it was last seen otherwise.
    void conclude_at_last_sign(watch& w, time_point now)
    {
        if (auto length = w.clock.so_far(w.last_alive)) {
            length->at_most = now - w.clock.last_beat();
            w.first.stop();
            hand_over(w, *length, ending::stopped, w.clock.sent_at(), now);
        }
        sleep(w);
    }

    void hand_over(watch& w, span length, ending how, time_point sent_at, time_point until)
    {
        if (how == ending::beat) w.first.stop();
        raw_block block;
        block.length = length;
        block.how = how;
        block.sent_at = sent_at;
        block.reported_at = clock::now();
        block.reported_at_wall = std::chrono::system_clock::now();
        block.first = w.first.found();
        block.latest = w.latest.found();
        if (how == ending::beat) {
            block.beat_path = w.beats->path();
            block.first.discard_later(until);
        }
        if (block.first.size == 0) {
            // The block was over before this thread could look.
            block.first.size = 1;
            block.first.snapshots[0] = snapshot{};
            block.first.snapshots[0].missing = gap::recovered;
            block.first.snapshots[0].thread = w.threads.all().front().number;
        }
        for (std::size_t i = 0; i < block.first.size; ++i)
            block.thread_names[i] = thread_name(block.first.snapshots[i].thread);
        reporter_.hand_over(w.shared_from_this(), std::move(block));
    }

    static constexpr std::chrono::milliseconds first_run{1000};
    static constexpr std::chrono::milliseconds suspension{250};  // no scheduler makes a thread wait as long

    reporter& reporter_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
