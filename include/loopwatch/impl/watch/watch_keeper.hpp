// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../block/raw_block.hpp"
#include "../capture/thread_access.hpp"
#include "../loop/runners.hpp"
#include "../platform/stack_bounds.hpp"
#include "../platform/thread.hpp"
#include "attendance.hpp"
#include "block_keeper.hpp"
#include "holding.hpp"
#include "lanes.hpp"
#include "next_look.hpp"
#include "sending.hpp"
#include "vitals.hpp"
#include "watch.hpp"
#include "watch_host.hpp"
#include "watch_phase.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Leads one watch from phase to phase: sends its heartbeats, notes what became of them, and hands over blocks. Every
/// function is called under the watchdog's mutex, and takes microseconds.
///
///            deadline missed, and somebody may run the loop
///     awake ------------------------------------------------> blocked
///      ^ |  <------------------------------------------------    |
///      | |         heartbeat ran, or was destroyed               |
///      | |                                                       | stopped, or left by all threads, or these have
///      | | nobody runs it: for a threshold, or at the deadline;  | ended; the heartbeat is still out
///      | | or no memory for the block                            |
///      | +-------------------------> dormant <-------------------+
///      +--------------------------------+
///        heartbeat ran, or was destroyed,
///        or somebody runs the loop
///
///     awake, blocked, dormant --- pause() ---> paused --- resume() ---> awake
///     awake, blocked, dormant, paused --- the guard has ended, or the context goes ---> over
class watch_keeper {
public:
    watch_keeper(thread_access& threads, watch_host& host) : threads_{threads}, host_{host}, block_{threads, host} {}

    /// Moves one watch on to `now`, and its lanes. Returns when it wants to be looked at again.
    time_point step(watch& w, time_point now, time_point planned)
    {
        if (w.is_in<phases::paused>()) return time_point::max();
        advance(w, now, planned);
        time_point lanes_at = time_point::max();
        for (shared<watch> const& lane : w.lanes()) {
            advance(*lane, now, planned);
            lanes_at = std::min(lanes_at, conclude(*lane, now));
        }
        return std::min(conclude(w, now), lanes_at);
    }

    /// The guard has sent the first heartbeat, on its own thread: reads the counters there, for it may take long until
    /// the watchdog gets a CPU.
    void begin(watch& w)
    {
        if (w.heartbeat) block_.take_baseline(w);
    }

    /// Takes note of the heartbeat if it has run. `planned` is when the watchdog was to be heard of.
    void catch_up(watch& w, time_point now, time_point planned)
    {
        if (w.is_in<phases::paused>()) return;
        hear_courier(w, host_);
        excuse_delay(w, now, planned);
        if (w.exact) look_at_handlers(w, now);
        if (w.heartbeat && !w.beats->out()) heartbeat_returned(w);
        if (held_loop* const held = w.held(); held != nullptr && held->ended_at) hold_ended(w, *held);
        auto* const block = w.block();
        if (block == nullptr) return;
        block->record->first.poll(threads_);
        block->record->latest.poll(threads_);
        if (!is_stopped(w) && !is_left(w, *block->record, host_))
            block->alive_at = known_until(w, now);
        else if (w.beats->out())
            conclude_when_last_alive(w, *block, now);
        else
            heartbeat_returned(w);  // it ran just now, and then the loop was left
    }

    /// Whether step() would hand over a block: one that has ended or, if `ending`, one that would end now. For threads
    /// of the user's, whose stacks may be too small for handing it over.
    [[nodiscard]] bool has_block(watch& w, time_point now, time_point planned, bool ending)
    {
        if (has_own_block(w, now, planned, ending)) return true;
        return any_of(w.lanes(), [&](shared<watch> const& lane) { return has_own_block(*lane, now, planned, ending); });
    }

    /// The guard ends at `now`, on this thread: it waits until the phase is over.
    static void request_end(watch& w, time_point now, thread_number by)
    {
        w.end_requested = end_request{.by = by, .asked_at = now};
        request_end_of_lanes(w);
    }
    /// Likewise: it waits until the phase is paused, or over.
    static void request_pause(watch& w, time_point now, thread_number by)
    {
        if (w.end_requested) return;
        w.end_requested = end_request{.by = by, .asked_at = now, .to_pause = true};
        request_end_of_lanes(w);
    }

    /// Nothing is sent until resume(). Not if has_block(): then see request_pause().
    void pause(watch& w)
    {
        w.beat_deadline.rest(threads_.now());
        w.heartbeat.reset();
        if (w.exact) w.exact->held.reset();
        drop_lanes(w);
        w.end_requested.reset();
        w.idle.look_away();
        enter(w, phases::paused{});
        note_look(w, threads_.now(), time_point::max());
        take_up_change(w);
    }

    /// From now on it is watched again, as by a new guard. A heartbeat that is still in the queue is its first; else
    /// one is sent here and now, for a block may begin at once.
    void resume(watch& w)
    {
        if (!w.is_in<phases::paused>()) return;
        enter(w, phases::awake{});
        time_point const now = threads_.now();
        if (w.exact) w.exact->watched_since = now;
        hear_courier(w, host_);
        w.heartbeat.reset();  // that a courier has posted meanwhile: it waits from now on, if it still does
        w.beat_deadline.rest(now);
        if (awaits_courier(w)) return;
        if (w.beats->out()) {
            note_sent(w, now, host_);
        } else {
            learn_identity(w);
            if (w.by_courier == nullptr && is_stopped(w))
                w.beat_deadline.postpone(now);
            else
                send_heartbeat(w, threads_, host_);
        }
        begin(w);
    }

    /// Other times hold from now on. What waits now is judged by the new threshold, from its beginning; but what was a
    /// block by the old one remains one. So whatever begins after this is judged by the new one, and a block under way
    /// is not lost. Cheap: for threads of the user's.
    void change(watch& w, heartbeat_timing to, time_point now, time_point planned)
    {
        change_itself(w, to, now, planned);
        for (shared<watch> const& lane : w.lanes()) change_itself(*lane, to, now, planned);
    }

    /// The context is about to go.
    void context_gone(watch& w, time_point now, time_point planned)
    {
        auto const tell = [&](watch& one) {
            catch_up(one, now, planned);  // nothing while paused
            if (auto* const block = one.block()) conclude_when_last_alive(one, *block, now);
        };
        tell(w);
        for (shared<watch> const& lane : w.lanes()) tell(*lane);
        end(w);
    }

    /// Nothing more is sent.
    void end(watch& w)
    {
        end_itself(w);
        drop_lanes(w);
    }

private:
    // --- one watch, without its lanes ---

    void advance(watch& w, time_point now, time_point planned)
    {
        catch_up(w, now, planned);
        bool const is_due = w.beat_deadline.at(now + w.timing.early) == verdict::due;
        if (w.exact && w.exact->seen && !w.heartbeat && w.is_in<phases::awake>() && !w.end_requested)
            send_heartbeat_if_busy(w, is_due, threads_, host_);
        else if (!w.exact && is_due && !w.end_requested && !awaits_courier(w))
            send_heartbeat_unless_at_rest(w, now, threads_, host_);
        if (auto* const waits = w.waits_for_nobody()) look_for_runners(w, *waits, now);
        if (w.is_in<phases::awake>() && w.waits_for() != nullptr && w.held() == nullptr) confirm_runners(w, now, host_);
        if (w.heartbeat && w.waits_for_nobody() == nullptr) {
            if (!w.heartbeat->baseline) block_.take_baseline(w);
            block_.take_process_baseline(w, now);
        }
        if (w.is_in<phases::awake>() && w.waits_for() != nullptr && w.beat_deadline.at(now) == verdict::missed)
            deadline_missed(w, now);
        if (auto* const block = w.block()) continue_block(w, *block, now);
        take_up_change(w);
    }

    /// Returns when it wants to be looked at again.
    time_point conclude(watch& w, time_point now)
    {
        if (w.end_requested && !w.is_in<phases::over>()) end_as_requested(w);
        time_point const look_at = next_look(w, now);
        note_look(w, now, look_at);
        return look_at;
    }

    [[nodiscard]] bool has_own_block(watch& w, time_point now, time_point planned, bool ending)
    {
        if (w.is_in<phases::paused>() || w.is_in<phases::over>()) return false;
        hear_courier(w, host_);
        excuse_delay(w, now, planned);
        if (w.exact) look_at_handlers(w, now);
        if (held_loop const* const held = w.held(); held != nullptr && held->ended_at)
            return w.block() != nullptr || w.beat_deadline.so_far(*held->ended_at) ||
                   w.beat_deadline.forgiven(*held->ended_at);
        if (auto const* const block = w.block())
            return ending || !w.beats->out() || is_stopped(w) || is_left(w, *block->record, host_);
        if (!w.is_in<phases::awake>() || w.waits_for() == nullptr) return false;
        deadline const& d = w.beat_deadline;
        if (w.beats->out()) return ending && (d.so_far(now) || is_forgiven(w, now)) && may_be_held(w);
        return w.beats->ran() && (d.so_far(w.beats->ran_at()) || d.forgiven(w.beats->ran_at()));
    }

    void change_itself(watch& w, heartbeat_timing to, time_point now, time_point planned)
    {
        w.next_timing = w.exact ? to.often_enough() : to;
        // Whether a heartbeat that has run, or is overdue, met a block is for step() to tell, which then takes it up.
        bool const is_to_judge = w.heartbeat && (!w.beats->out() || has_own_block(w, now, planned, true));
        if (!is_to_judge) take_up_change(w);
    }

    void end_itself(watch& w)
    {
        enter(w, phases::over{});
        note_look(w, threads_.now(), time_point::max());
        w.heartbeat.reset();
        w.end_requested.reset();
        if (w.exact) w.exact->held.reset();
    }

    void drop_lanes(watch& w)
    {
        for (shared<watch> const& lane : w.lanes()) end_itself(*lane);
        if (w.exact) w.exact->lanes.clear();
    }

    // --- phases ---

    /// Every transition. A block that was under way is put away: what was to be told of it has been handed over.
    void enter(watch& w, watch_phase next)
    {
        if (auto* const block = w.block()) block_.put_back(std::move(block->record));
        w.phase = std::move(next);
    }

    void deadline_missed(watch& w, time_point now)
    {
        maybe<loop_runners> runners;
        if (w.lane_of != nullptr)
            runners = only_runner_of(w, host_);
        else if (is_told_by_lane(w, threads_.now(), host_))
            return w.beat_deadline.attended(now);
        else if (!w.end_requested && any_lane_may_tell(w))
            return;
        else if (w.knows_runners())
            runners = host_.find_runners(w.scheduler, w.threads.all());
        bool const left = runners && runners->size == 0 && runners->all;
        if (left || !may_be_held(w)) {
            note_unattended(w, now);
            return go_dormant(w);
        }
        time_point const alive_at = known_until(w, now);
        if (w.lane_of != nullptr ? !w.beats->out() : !w.beats->call_when_run()) {
            learn_identity(w);
            return end_wait(w, true);
        }
        auto hold = strand_hold::untold;
        if (runners && w.strand.known()) hold = find_holder(w, *runners, host_);
        if (auto record = block_.begin(w, now, runners && runners->size > 0 ? &*runners : nullptr, hold))
            enter(w, phases::blocked{std::move(record), alive_at});
        else if (w.lane_of != nullptr)
            free_lane(w);
        else
            enter(w, phases::dormant{});  // the beat will ring
    }

    /// The heartbeat rings when it runs; until then the watchdog only searches for runners.
    void go_dormant(watch& w)
    {
        if (w.lane_of != nullptr) return free_lane(w);
        if (w.exact) w.exact->held.reset();
        enter(w, phases::dormant{});
        if (!w.beats->call_when_run()) heartbeat_returned(w);
    }

    /// The heartbeat that was out has run, or was destroyed.
    void heartbeat_returned(watch& w)
    {
        learn_identity(w);
        if (held_loop* const held = w.held()) look_at_holders(*held, threads_.now(), host_);
        end_holds_by_beat(w, threads_.now(), host_);
        bool const for_loop = w.block() != nullptr || (w.is_in<phases::awake>() && was_attended(w, host_));
        end_wait(w, for_loop && !is_told_by_lane(w, threads_.now(), host_));
    }

    /// What the loop is known by, as the heartbeat that has run found it.
    static void learn_identity(watch& w)
    {
        w.scheduler = w.beats->loop();
        w.strand = w.beats->strand();
    }

    /// `for_loop`: for as long as the heartbeat waited the loop was run.
    void end_wait(watch& w, bool for_loop)
    {
        if (!w.beats->ran()) {
            w.beat_deadline.rest(threads_.now());
        } else {
            time_point const ran_at = w.beats->ran_at();
            w.idle.after_beat(*w.beats, ran_at - w.beat_deadline.sent_at());
            held_loop const* const held = w.held();
            bool const has_ended = held != nullptr && held->ended_at && *held->ended_at < ran_at;
            if (for_loop && has_ended)
                judge_wait(w, *held->ended_at, held->unsure);
            else if (for_loop)
                judge_wait(w, ran_at, nanoseconds{0});
            w.beat_deadline.rest(ran_at);
            w.threads.add(w.beats->thread(), stack_of_beat(*w.beats));
        }
        if (w.exact) w.exact->held.reset();
        w.heartbeat.reset();
        enter(w, phases::awake{});
    }

    /// Hands over a block, if the heartbeat that ran then, or later by what is unsure, has waited for one.
    void judge_wait(watch& w, time_point ran_at, nanoseconds unsure)
    {
        if (!w.threads.empty()) note_wait(w, ran_at);
        auto wait = block_keeper::wait_until(w, ran_at, {}, ending::beat);
        auto const forgiven = w.beat_deadline.forgiven(ran_at);
        auto const block = w.beat_deadline.beat(ran_at);
        if ((!block && !forgiven) || w.threads.empty()) return;
        wait.length = block ? *block : *forgiven;
        wait.length.at_most += unsure;
        wait.forgiven = !block;
        block_.hand_over(w, wait);
        if (w.lane_of != nullptr) w.exact->told_until = ran_at;
    }

    /// Only a heartbeat that was asked to ring has noted it; an earlier one of the same thread may have been.
    [[nodiscard]] static stack_bounds stack_of_beat(pulse const& beats)
    {
        return beats.path().thread == beats.thread() ? beats.path().stack : stack_bounds{};
    }

    // --- who runs the loop ---

    void look_for_runners(watch& w, unattended& waits, time_point now)
    {
        auto const left_at = waits.left_at;
        switch (search_for_runners(w, waits, now, host_)) {
            case search_result::none: return;
            case search_result::attended:
                if (w.is_in<phases::dormant>()) enter(w, phases::awake{});
                return;
            case search_result::unattended:
                if (w.is_in<phases::awake>() && now - left_at >= w.timing.threshold) go_dormant(w);
                return;
        }
    }

    /// Whether the wait of a loop that is known to run would be a block, had the watchdog itself not been late.
    [[nodiscard]] static bool is_forgiven(watch const& w, time_point until)
    {
        return w.threads.seen() && w.beat_deadline.forgiven(until);
    }

    // --- exact mode: what holds the loop, as its threads write it down ---

    /// Learns who holds the loop, or what has become of them.
    void look_at_handlers(watch& w, time_point now)
    {
        if (held_loop* const held = w.held()) {
            look_at_holders(*held, now, host_);
            if (w.lane_of != nullptr && held->ended_at) w.beats->note_run(*held->ended_at, held->ended_on);
            return;
        }
        if (w.lane_of != nullptr || !w.is_in<phases::awake>() || (w.heartbeat && w.waits_for() == nullptr)) return;
        // One that is long was so a moment ago.
        constexpr nanoseconds a_moment = std::chrono::milliseconds{1};
        auto const running = host_.running_handlers_lately(now, std::min(a_moment, worth_a_look(w) / 2));
        if (!any_is_long(w, running, now) || is_stopped(w)) return;
        if (w.how.scope == watch_scope::each_thread) {
            // All that are to be told of have one when the watch is asked to end, and end before it.
            if (!w.end_requested) begin_lanes(w, running, now, host_);
            return;
        }
        auto const held = find_holders(w, running, now, host_);
        if (!held || now - held->since < worth_a_look(w)) return;
        if (!w.heartbeat) send_heartbeat(w, threads_, host_);
        if (w.heartbeat && w.waits_for() != nullptr) note_held(w, *held, host_);
    }

    /// Its thread has left the loop.
    void free_lane(watch& lane)
    {
        give_back(lane, threads_.now());
        enter(lane, phases::awake{});
    }

    /// One of the handlers that held the loop has ended, and the heartbeat is still out.
    void hold_ended(watch& w, held_loop& held)
    {
        if (held.size > 1) {
            thread_counters its;
            if (!threads_.read_counters(held.ended_on, its)) its = {.at = threads_.now()};
            if (!has_freed(w, held, its, host_)) return;
        }
        time_point const until = *held.ended_at;
        auto const length = w.beat_deadline.so_far(until);
        auto const forgiven = w.beat_deadline.forgiven(until);
        if (length || forgiven) {
            note_wait(w, until);
            auto wait = block_keeper::wait_until(w, until, length ? *length : *forgiven, ending::handler);
            wait.length.at_most += held.unsure;
            wait.forgiven = !length;
            block_.hand_over(w, wait);
        }
        w.beat_deadline.hold_over(until, length || forgiven);
        w.exact->held.reset();
        enter(w, phases::awake{});
        // Else the heartbeat goes on waiting since it was sent, and so do the counters.
        if (length || forgiven) w.heartbeat->baseline.reset();
    }

    // --- a block under way ---

    void continue_block(watch& w, phases::blocked& block, time_point now)
    {
        block_record& record = *block.record;
        auto const is_gone = [](seen_thread const& t) { return t.stack.missing == capture_error::thread_gone; };
        if (record.first.taken() && all_of(record.first.found().of_loop(), is_gone)) {
            w.threads.clear();
            note_unattended(w, now);
            return go_dormant(w);
        }
        ask_whether_stopped(w, now);
        block_.take_samples(w, record, now);
    }

    /// The context was stopped or left, or goes: the block lasted at least until it was last seen otherwise.
    void conclude_when_last_alive(watch& w, phases::blocked const& block, time_point now)
    {
        if (auto length = w.beat_deadline.so_far(block.alive_at)) {
            note_wait(w, block.alive_at);
            time_point const over_by = threads_.now();  // it was asked after `now`, and may have run until then
            length->at_most = over_by - w.beat_deadline.last_beat();
            block_.hand_over(w, block_keeper::wait_until(w, over_by, *length, ending::stopped));
        }
        note_unattended(w, now);
        go_dormant(w);
    }

    // --- the end of the watch ---

    /// The guard waits in remove(): looks once more, then hands over the block that ends now, if there is one.
    void end_as_requested(watch& w)
    {
        end_request const& request = *w.end_requested;
        if (!all_of(w.lanes(), [](shared<watch> const& lane) { return lane->is_in<phases::over>(); })) return;
        auto* const block = w.block();
        if (block != nullptr && (!block_.final_look_taken(w, *block->record) || !has_asked(w))) return;
        bool const cut_off = w.is_in<phases::awake>() && w.waits_for() != nullptr && may_be_held(w);
        if (block != nullptr || (cut_off && is_forgiven(w, request.asked_at))) {
            bool const here = w.threads.contain(request.by) ||
                              (block != nullptr && block_keeper::looks_at(*block->record, request.by));
            auto const length = w.beat_deadline.so_far(request.asked_at);
            auto const forgiven = w.beat_deadline.forgiven(request.asked_at);
            if (length) note_wait(w, request.asked_at);
            if (length || forgiven) {
                auto wait = block_keeper::wait_until(w, request.asked_at, length ? *length : *forgiven,
                                                     here ? ending::scope : ending::watch);
                wait.forgiven = !length;
                block_.hand_over(w, wait);
            }
        }
        if (request.to_pause)
            pause(w);
        else
            end(w);
    }

    /// Unless a block is under way, which the times of its beginning hold for.
    static void take_up_change(watch& w)
    {
        if (!w.next_timing || w.block() != nullptr) return;
        w.timing = *w.next_timing;
        w.next_timing.reset();
        w.beat_deadline.change(w.timing);
        w.beats->change_patience(w.timing.threshold);
        w.idle.change(w.timing.period);
    }

    /// Whether the loop was asked if it is stopped since the guard ended; one that does not answer counts as not
    /// stopped.
    [[nodiscard]] bool has_asked(watch& w)
    {
        constexpr nanoseconds patience = std::chrono::milliseconds{50};
        time_point const now = threads_.now();
        time_point const ended_at = w.end_requested->asked_at;
        if (known_until(w, now) >= ended_at || now - ended_at > patience) return true;
        if (!w.by_courier->busy()) w.by_courier->ask();
        return false;
    }

    thread_access& threads_;
    watch_host& host_;
    block_keeper block_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
