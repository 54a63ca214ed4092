// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../block/raw_block.hpp"
#include "../loop/couriers.hpp"
#include "../loop/runners.hpp"
#include "../platform/stack_bounds.hpp"
#include "../platform/thread.hpp"
#include "../report/reporter.hpp"
#include "block_keeper.hpp"
#include "sending.hpp"
#include "watch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Leads one watch from phase to phase: sends its heartbeats, notes what became of them, and tells of blocks. Every
/// function is called under the watchdog's mutex, and takes microseconds.
///
///     awake --miss--> blocked --absorb--> awake
///       \--nobody runs it--> dormant --absorb, or somebody does--> awake          any --end--> over
class watch_keeper {
public:
    watch_keeper(reporter& to, couriers const& own) : block_{to, own} {}

    /// Moves one watch on to `now`. Returns when it wants to be looked at again.
    time_point step(watch& w, time_point now, time_point planned)
    {
        catch_up(w, now, planned);
        if (w.clock.at(now) == verdict::due && !w.ending && !awaits_courier(w)) send_heartbeat_unless_at_rest(w, now);
        if (w.clock.waiting() && !w.attended) look_for_runners(w, now);
        if (w.clock.waiting() && w.mode == watch::phase::awake && w.attended) confirm_runners(w, now);
        if (w.clock.waiting()) {
            if (!w.has_baseline) block_.take_baseline(w);
            block_.look_at_process(w, now);
        }
        if (w.mode == watch::phase::awake && w.attended && w.clock.at(now) == verdict::missed) miss(w, now);
        if (w.mode == watch::phase::blocked) hold_on(w, now);
        if (w.ending && w.mode != watch::phase::over) finish(w);
        return next_look(w, now);
    }

    /// The guard itself has sent the first heartbeat. Until the watchdog hears of it the machine may be busy with
    /// others.
    void begin(watch& w) { block_.take_baseline(w); }

    /// Takes note of the heartbeat if it has run. `planned` is when the watchdog meant to wake next.
    void catch_up(watch& w, time_point now, time_point planned)
    {
        hear_courier(w);
        excuse_delay(w, now, planned);
        if (w.clock.waiting() && !w.beats->out()) absorb(w);
        if (w.mode != watch::phase::blocked) return;
        w.record->first.poll();
        w.record->latest.poll();
        if (!is_stopped(w) && !is_left(w))
            w.last_alive = known_until(w, now);
        else if (w.beats->out())
            conclude_at_last_sign(w, now);
        else
            absorb(w);  // it ran just now, and then the loop was left
    }

    /// Whether step() would have a block to tell of, one that has ended or, if `ending`, one that would end here. For
    /// threads of the user's: what is to be done about it takes more than they may have of a stack.
    [[nodiscard]] bool has_block(watch& w, time_point now, time_point planned, bool ending)
    {
        hear_courier(w);
        excuse_delay(w, now, planned);
        if (w.mode == watch::phase::over || w.mode == watch::phase::dormant) return false;
        if (w.mode == watch::phase::blocked) return ending || !w.beats->out() || is_stopped(w) || is_left(w);
        if (!w.clock.waiting() || !w.attended) return false;
        if (w.beats->out()) return ending && (w.clock.so_far(now) || is_forgiven(w, now)) && may_be_held(w);
        return w.beats->ran() && (w.clock.so_far(w.beats->ran_at()) || w.clock.forgiven(w.beats->ran_at()));
    }

    /// The context is about to go.
    void context_gone(watch& w, time_point now, time_point planned)
    {
        catch_up(w, now, planned);
        if (w.mode == watch::phase::blocked) conclude_at_last_sign(w, now);
        end(w);
    }

    /// Nothing more is sent.
    void end(watch& w) { become(w, watch::phase::over); }

private:
    static time_point next_look(watch const& w, time_point now)
    {
        // It rings when it is back; but from then on the watchdog can be late.
        if (awaits_courier(w) && w.mode == watch::phase::awake) return now + std::min(w.timing.period, w.how.threshold);
        // The beat will ring; but it may stand behind a handler that whoever runs the loop next blocks in.
        time_point const search = w.clock.waiting() && !w.attended ? w.next_search : time_point::max();
        switch (w.mode) {
            case watch::phase::over: return time_point::max();
            case watch::phase::dormant: return search;
            case watch::phase::blocked:
                return std::min(block_keeper::next_look(w, now), w.ending ? now + w.timing.period : time_point::max());
            case watch::phase::awake: break;
        }
        return std::min(search, w.clock.next_look(now));
    }

    /// A heartbeat waits, and nobody ran the loop when it was sent. That is nobody's fault; it counts from when
    /// somebody is seen to run it, who may be any thread. Every period, and of a loop that is left alone more rarely.
    void look_for_runners(watch& w, time_point now)
    {
        if (now < w.next_search) return;
        if (is_stopped(w)) return put_off_search(w, now, 0);
        w.next_search = now;
        auto const runners = search_(w.scheduler, w.threads.all());
        if (!w.beats->out()) return;  // there was somebody
        if (runners.size == 0 && runners.all) {
            w.clock.unattended(now);
            put_off_search(w, now, runners.looked_at);
            if (w.mode == watch::phase::awake && now - w.unattended_since >= w.how.threshold) sleep(w);
            return;
        }
        attend(w, now, runners);
        if (w.mode == watch::phase::dormant) become(w, watch::phase::awake);
    }

    /// From now on these run it: it waits for them.
    static void attend(watch& w, time_point now, loop_runners const& runners)
    {
        for (thread_number const thread : runners.found())
            if (!w.threads.seen() || !w.threads.contain(thread)) w.threads.add(thread);
        w.attended = true;
        w.attended_by = runners.calls;
        w.clock.attended(now);
        w.has_baseline = false;
    }

    /// A heartbeat waits for whoever ran the loop when it was sent. If none of those calls lasts, it was left since,
    /// for who knows how long: it counts anew.
    void confirm_runners(watch& w, time_point now)
    {
        if (!w.knows_runners() || any_lasts(w.scheduler, w.attended_by)) return;
        auto const runners = search_(w.scheduler, w.threads.all());
        if (!w.beats->out() || any_of(runners.calls.all(), [&](run_call const& c) { return w.attended_by.contain(c); }))
            return;
        if (runners.size > 0) return attend(w, now, runners);
        if (!runners.all) return;
        w.clock.unattended(now);
        note_unattended(w, now);
    }

    /// Whether the heartbeat that has run came by one of the calls that it waited for, or one of them lasts. Else the
    /// loop was left meanwhile.
    [[nodiscard]] static bool was_attended(watch const& w)
    {
        if (!w.attended) return false;
        if (!w.knows_runners() || w.beats->run_call() == 0) return true;
        return w.attended_by.contain({w.beats->thread(), w.beats->run_call()}) || any_lasts(w.scheduler, w.attended_by);
    }

    static void put_off_search(watch& w, time_point now, std::size_t threads)
    {
        constexpr nanoseconds rarely = std::chrono::milliseconds{50};
        auto const distance =
            std::clamp((now - w.unattended_since) / 16, w.timing.period, std::max(w.timing.period, rarely));
        constexpr nanoseconds for_each = std::chrono::microseconds{100};  // a search takes one or two
        w.next_search = now + std::max<nanoseconds>(distance, for_each * threads);
    }

    /// Whether it is certain that no thread runs it any more: left by an exception, say.
    [[nodiscard]] bool is_left(watch const& w)
    {
        if (!w.knows_runners() || any_runs(w.scheduler, w.record->threads) || any_runs(w.scheduler, w.record->others))
            return false;
        auto const runners = search_(w.scheduler, {});
        return runners.size == 0 && runners.all;
    }

    /// From now on nobody runs it, as far as is known.
    static void note_unattended(watch& w, time_point now)
    {
        if (!w.knows_runners()) return;
        w.attended = false;
        w.unattended_since = now;
        w.next_search = now + w.timing.period;
    }

    /// If the watchdog was late by more than a little, the machine or the process stood still: the loops with it.
    void excuse_delay(watch& w, time_point now, time_point planned)
    {
        // Once it is known to be blocked, a busy machine must not make the block look shorter than it is.
        auto const tolerance = w.mode == watch::phase::blocked ? nanoseconds{suspension} : w.timing.tolerance;
        // A guard that has ended waits for this thread, and what it guarded does not.
        time_point const reached = w.ending ? std::min(now, w.ended_at) : now;
        if (planned == time_point::max() || reached - planned <= tolerance) return;
        time_point const until = w.beats->out() ? reached : std::min(reached, w.beats->ran_at());
        w.clock.excuse(std::max(planned, w.excused_until), until);
        w.excused_until = std::max(until, w.excused_until);
    }

    void absorb(watch& w)
    {
        bool const was_dormant = w.mode == watch::phase::dormant;
        w.scheduler = w.beats->loop();
        w.strand = w.beats->strand();
        if (w.beats->ran()) w.idle.after_beat(*w.beats, w.beats->ran_at() - w.clock.sent_at());
        if (!w.beats->ran()) {
            w.clock.rest(clock::now());
        } else if (was_dormant || (w.mode == watch::phase::awake && !was_attended(w))) {
            w.clock.rest(w.beats->ran_at());
        } else {
            time_point const ran_at = w.beats->ran_at();
            wait_so_far wait{.length = {}, .sent_at = w.clock.sent_at(), .until = ran_at, .late = w.clock.excused()};
            auto const forgiven = w.clock.forgiven(ran_at);
            auto const block = w.clock.beat(ran_at);
            if ((block || forgiven) && !w.threads.empty()) {
                wait.length = block ? *block : *forgiven;
                wait.forgiven = !block;
                block_.hand_over(w, wait);
            }
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
    void become(watch& w, watch::phase next)
    {
        block_.end(w);
        w.mode = next;
    }

    /// Whether a late heartbeat may be the loop's fault: nobody may be running it.
    [[nodiscard]] static bool may_be_held(watch const& w) { return !w.threads.empty() && !is_stopped(w); }

    void miss(watch& w, time_point now)
    {
        maybe<loop_runners> runners;
        if (w.knows_runners()) runners = search_(w.scheduler, w.threads.all());
        bool const left = runners && runners->size == 0 && runners->all;
        if (left || !may_be_held(w)) {
            note_unattended(w, now);
            return sleep(w);
        }
        w.mode = watch::phase::blocked;
        w.last_alive = known_until(w, now);
        if (!w.beats->call_when_run()) return absorb(w);
        auto hold = strand_hold::untold;
        if (runners && w.strand.known()) hold = find_holder(w, *runners);
        if (!block_.begin(w, now, runners && runners->size > 0 ? &*runners : nullptr, hold))
            w.mode = watch::phase::dormant;  // the beat will ring
    }

    /// Who holds a strand: the only thread that has it in its list, which takes the place of `runners` then. For a
    /// moment it is in none, between a handler and the next: nobody is believed if seen three times.
    [[nodiscard]] strand_hold find_holder(watch const& w, loop_runners& runners)
    {
        constexpr int looks = 3;
        bool all = true;
        for (int i = 0; i < looks; ++i) {
            auto const holders = search_(w.strand, w.threads.all());
            if (holders.size == 1) {
                runners = holders;
                return strand_hold::by_one;
            }
            all = all && holders.size == 0 && holders.all;
        }
        return all && runners.size > 0 ? strand_hold::by_nobody : strand_hold::untold;
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
        look const& first = w.record->first;
        auto const is_gone = [](seen_thread const& t) { return t.stack.missing == capture_error::thread_gone; };
        if (first.taken() && all_of(first.found().of_loop(), is_gone)) {
            w.threads.clear();
            note_unattended(w, now);
            return sleep(w);
        }
        ask_whether_stopped(w, now);
        block_.go_on(w, now);
    }

    /// Whether the wait of a loop that is known to run would be a block, had the watchdog itself not been late.
    [[nodiscard]] static bool is_forgiven(watch const& w, time_point until)
    {
        return w.threads.seen() && w.clock.forgiven(until);
    }

    /// The guard waits in remove(): look once more, then hand over what there is.
    void finish(watch& w)
    {
        bool const blocked = w.mode == watch::phase::blocked;
        if (blocked && (!block_.look_once_more(w) || !has_asked(w))) return;
        bool const cut_off = w.mode == watch::phase::awake && w.attended && w.beats->out() && may_be_held(w);
        if (blocked || (cut_off && is_forgiven(w, w.ended_at))) {
            bool const here = w.threads.contain(w.ended_by) || (blocked && block_keeper::looks_at(w, w.ended_by));
            auto const how = here ? ending::scope : ending::watch;
            auto const length = w.clock.so_far(w.ended_at);
            auto const forgiven = w.clock.forgiven(w.ended_at);
            if (length || forgiven) {
                auto wait = block_keeper::wait_until(w, w.ended_at, length ? *length : *forgiven, how);
                wait.forgiven = !length;
                block_.hand_over(w, wait);
            }
        }
        end(w);
    }

    /// Whether the loop was asked since the watch ended; one that does not answer counts as not stopped.
    static bool has_asked(watch& w)
    {
        constexpr nanoseconds patience = std::chrono::milliseconds{50};
        time_point const now = clock::now();
        if (known_until(w, now) >= w.ended_at || now - w.ended_at > patience) return true;
        if (!w.by_courier->busy()) w.by_courier->ask();
        return false;
    }

    /// The context was stopped or is gone: the block lasted at least until it was last seen otherwise.
    void conclude_at_last_sign(watch& w, time_point now)
    {
        if (auto length = w.clock.so_far(w.last_alive)) {
            length->at_most = now - w.clock.last_beat();
            block_.hand_over(w, block_keeper::wait_until(w, now, *length, ending::stopped));
        }
        note_unattended(w, now);
        sleep(w);
    }

    static constexpr nanoseconds suspension =
        std::chrono::milliseconds{250};  // no scheduler makes a thread wait as long

    block_keeper block_;
    runner_search search_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
