// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../block_report.hpp"
#include "../../../detail/algorithm.hpp"
#include "../../../detail/config.hpp"
#include "../../../detail/maybe.hpp"
#include "../../base/clock.hpp"
#include "../../base/formatted.hpp"
#include "../../base/many.hpp"
#include "../../base/view.hpp"
#include "../../block/raw_block.hpp"
#include "../../symbolize/symbolize.hpp"
#include "../answering.hpp"
#include "../classify.hpp"
#include "../culprit.hpp"
#include "../fix.hpp"
#include "../shown_stack.hpp"
#include "activity.hpp"
#include "handlers.hpp"
#include "judge.hpp"
#include "time_shares.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// The watchdog and the reporter.
constexpr unsigned background_threads = 2;

/// Everything the samples say about one thread: what it did, in which handlers, and where.
struct course {
    many<observation> seen;
    handlers_seen handlers;
    std::vector<block_sample> samples;
    nanoseconds last_in_handler{};  // since the block began: until then it certainly went on
};

/// When each sample of a thread was of, by its counters from one to the next. A thread that is asked for its stack runs
/// nothing of its own before it answers: so the sample is of when it was asked, however long it waited for a CPU then.
class sample_times {
public:
    sample_times(raw_block const& raw, thread_life const& life)
        : began_{raw.sent_at}, counters_{life.since_seen ? thread_counters{} : life.from}
    {
    }
    seen_when next(seen_thread const& t)
    {
        thread_counters const& now = t.reading.counters;
        seen_when seen{.at = t.stack.taken_at - began_};
        if (!now.known || !now.run_delay_counted) return seen;
        time_point const asked = std::min(t.stack.taken_at, now.at);
        if (counters_.known)
            last_ = next_seen(last_, counters_, asked - began_, now);
        else  // how long it had been waiting is not known
            last_ = {asked - began_, now.run_delay, nanoseconds::max() / 4, {}};
        last_.counted_late = now.at - asked;
        counters_ = now;
        return last_;
    }

private:
    time_point began_;
    thread_counters counters_;
    seen_when last_{};
};

/// How long a thread was on a CPU from one sample to the next: for so long a sample of a computation stands.
class computed_times {
public:
    explicit computed_times(thread_life const& life) : counters_{life.since_seen ? thread_counters{} : life.from} {}

    /// `after`: since the block began.
    nanoseconds next(seen_thread const& t, nanoseconds after)
    {
        thread_counters const before = counters_;
        nanoseconds const distance = after - after_;
        counters_ = t.reading.counters;
        after_ = after;
        // It was asleep when its stack was copied, and has been woken since.
        if (t.stack.asleep) return nanoseconds{0};
        nanoseconds const least{t.stack.in_call ? 0 : 1};
        if (before.known && counters_.known) return std::max(least, counters_.on_cpu - before.on_cpu);
        return t.stack.in_call ? least : std::max(least, distance);
    }

private:
    thread_counters counters_;
    nanoseconds after_{};
};

/// `by_asio`: the loop's handlers are called by Asio, so that a stack says whether it is in one.
inline course course_of(raw_block const& raw, answer const& by, named_stack const& at_deadline, symbolizer& names,
                        bool by_asio)
{
    course all;
    many<handler_seen> handlers;
    many<seen_when> times;
    sample_times when{raw, raw.life(by.thread)};
    computed_times computing{raw.life(by.thread)};
    auto const add = [&](seen_thread const& t, named_stack stack) {
        seen_when const of = when.next(t);
        // One that has left the loop meanwhile is at something else.
        if (t.stack.size == 0 || (by_asio && stack.where == position::outside)) return;
        nanoseconds const after = t.stack.taken_at - raw.sent_at;
        occupation const what = occupation_of(t.reading, stack.frames);
        if (stack.where == position::handler) all.last_in_handler = after;
        handler_seen handler = handler_in(stack.frames, stack.where, t.stack);
        bool const between = handler.between;
        block_sample& sample = all.samples.emplace_back();
        sample.after = after;
        sample.doing = between ? "between two handlers" : what.text;
        put_stack_into(sample, t.stack, std::move(stack.frames));
        nanoseconds const computed = computing.next(t, after);
        if (by.excludes_allowed && by.allowed.at(after)) return;
        handlers.push_back(std::move(handler));
        times.push_back(of);
        all.seen.push_back({after, what, t.stack.in_call, between, computed});
    };
    thread_number const thread = raw.seen(by.thread).stack.thread;
    add(raw.seen(by.thread), at_deadline);
    for (moment const& m : raw.later)
        for (seen_thread const& t : m)
            // One that was taken after the end is of something else.
            if (t.stack.thread == thread && t.stack.taken_at < raw.sent_at + raw.waited) add(t, named(t.stack, names));
    all.handlers = count_handlers(handlers, times);
    return all;
}

inline block_evidence evidence_of(raw_block const& raw, answer const& by, block_report const& report,
                                  view<observation const> seen, handlers_seen handlers)
{
    thread_reading const& reading = by.look->reading;
    block_evidence e;
    e.duration = report.duration;
    e.threshold = report.threshold;
    e.late = raw.late;
    e.forgiven = raw.forgiven;
    thread_life const& life = raw.life(by.thread);
    e.spent = spent_by(life);
    if (e.spent && !life.since_seen)
        e.uncounted = std::clamp(life.from.at - raw.sent_at, nanoseconds{0}, e.duration);
    else if (life.since_seen && seen.empty() && !e.spent)
        e.uncounted = e.duration;  // a thread that was met when all was over
    e.free_starved = by.free_starved;
    e.seen = seen;
    e.handlers = handlers;
    e.allowed = by.allowed;
    e.excludes_allowed = by.excludes_allowed;
    bool const is_mutex = !seen.empty() && seen[0].what.lock == lock_kind::mutex;
    if (is_mutex && reading.call.mutex_owner != 0) {
        e.holds_it_itself = reading.call.mutex_owner == reading.thread;
        if (!e.holds_it_itself)
            e.holder = formatted(
                "thread {}{}", {reading.call.mutex_owner,
                                raw.holder_name.empty() || !by.at_deadline(raw) ? "" : " \"" + raw.holder_name + '"'});
    }
    e.is_alone = raw.at_deadline.threads == 1 + background_threads;
    if (!raw.later.empty() && reading.has_faults)
        for (seen_thread const& t : raw.later.back())
            if (t.stack.thread == reading.thread && t.reading.has_faults) {
                e.major_faults = t.reading.major_faults - reading.major_faults;
                e.block_io = t.reading.block_io_delay - reading.block_io_delay;
            }
    if (raw.at_send.known && raw.after.counters.known) {
        e.process_major_faults = raw.after.counters.major_faults - raw.at_send.major_faults;
        e.process_preemptions = raw.after.counters.preemptions - raw.at_send.preemptions;
    }
    if (raw.before.has_throttling && raw.after.has_throttling)
        e.throttled = std::min(raw.after.throttled - raw.before.throttled, report.duration);
    e.runnable = raw.at_deadline.runnable;
    e.processors = raw.after.processors;
    e.tracer = raw.after.tracer;
    return e;
}

/// The sample that was taken at this moment. Pure.
inline block_sample const* sample_of(course const& seen, observation const& o)
{
    return first_with(seen.samples, &block_sample::after, o.after);
}

/// Whether two samples are of one function of the user's own; where there is none, of one innermost function. Those
/// without a name are taken for one: nothing tells two of them apart. Pure.
inline bool same_function(block_sample const& a, block_sample const& b)
{
    auto const of = [](block_sample const& s) {
        frame const* const culprit = culprit_of(s.stack);
        return culprit != nullptr || s.stack.empty() ? culprit : &s.stack.front();
    };
    frame const* const one = of(a);
    frame const* const other = of(b);
    if (one == nullptr || other == nullptr) return false;
    return one->function == other->function;
}

/// Of the moments that show a computation, the one to show: the deadline's, if it was in no call. A thread that was
/// woken and waits for a CPU is ready to run, too, on the stack of the call that it slept in; but it has not computed
/// since. So else it is the first one in the function that the thread was on a CPU for longest in: some programs do
/// nothing but read what is in memory already. Where that is not counted, calls tell only if there is nothing else.
template <typename MayTell>
observation const* telling_computation(course const& seen, MayTell const& may_tell)
{
    if (!seen.seen.empty() && may_tell(seen.seen[0]) && !seen.seen[0].in_call) return &seen.seen[0];
    observation const* best = nullptr;
    nanoseconds longest{};
    std::size_t most = 0;
    for (observation const& o : seen.seen) {
        block_sample const* const one = sample_of(seen, o);
        if (!may_tell(o) || one == nullptr) continue;
        nanoseconds computed{};
        std::size_t count = 0;
        for (observation const& other : seen.seen) {
            block_sample const* const another = sample_of(seen, other);
            if (!may_tell(other) || another == nullptr || !same_function(*one, *another)) continue;
            computed += other.computed;
            ++count;
        }
        if (best != nullptr && (computed < longest || (computed == longest && count <= most))) continue;
        best = &o;
        longest = computed;
        most = count;
    }
    auto const computes_there = [&](observation const& o) {
        return may_tell(o) && o.computed > nanoseconds{0} && sample_of(seen, o) != nullptr &&
               same_function(*sample_of(seen, o), *sample_of(seen, *best));
    };
    observation const* const certain = best == nullptr ? nullptr : first_of(seen.seen, computes_there);
    return certain != nullptr ? certain : best;
}

/// The moment that shows the cause: the first one, but of computations as above. Null: none does. Never one in no
/// handler, nor, where others have one, one without a culprit: of the same handler that is its end or its beginning,
/// outside of the fiber that it runs, say. Pure.
inline observation const* telling_moment(course const& seen, cause why)
{
    auto const has_culprit = [&](observation const& o) {
        block_sample const* const sample = sample_of(seen, o);
        return sample != nullptr && culprit_of(sample->stack) != nullptr;
    };
    bool const has_any = any_of(seen.seen, has_culprit);
    auto const may_tell = [&](observation const& o) {
        return time_shares::cause_of(o.what.what) == why && !o.between && (!has_any || has_culprit(o));
    };
    return why == cause::cpu ? telling_computation(seen, may_tell) : first_of(seen.seen, may_tell);
}

/// The sample to show, where the stack at the deadline shows another cause, or there is none: a handler that computes
/// for a tenth of its time and then waits for a server is to be changed where it waits. It is the one that the evidence
/// is of. Null: what is shown is right. Pure.
inline block_sample const* telling_sample(course const& seen, cause why, bool has_stack)
{
    if (why == cause::unknown || seen.handlers.count > 1) return nullptr;
    observation const* const telling = telling_moment(seen, why);
    if (telling == nullptr) return nullptr;
    bool const may_have_been_woken = why == cause::cpu && telling->in_call && telling->computed == nanoseconds{0};
    if (has_stack ? telling == &seen.seen[0] : may_have_been_woken) return nullptr;
    block_sample const* const sample = sample_of(seen, *telling);
    return sample != nullptr && sample->stack_quality == stack_quality::exact ? sample : nullptr;
}

inline void show(block_report& report, block_sample const& sample)
{
    // Only of the stack at the deadline it is known who awaits its coroutine.
    frame const* const before = first_with(report.stack, &frame::coroutine, true);
    frame const* const now = first_with(sample.stack, &frame::coroutine, true);
    bool const same_coroutine = before != nullptr && now != nullptr && before->function == now->function;
    if (!same_coroutine) report.awaited_by.clear();
    report.stack = sample.stack;
    report.stack_quality = sample.stack_quality;
    report.stack_missing.clear();
}

inline void put_cause(block_report& report, raw_block const& raw, answer const& by, course& seen, cause_set raise_on)
{
    block_evidence const evidence = evidence_of(raw, by, report, seen.seen, seen.handlers);
    judgement verdict = judge(evidence, raise_on);
    report.cause = verdict.cause;
    report.evidence = std::move(verdict.evidence);
    if (by.excludes_allowed && seen.seen.empty() && !report.stack.empty())
        report.evidence += "; the stack is of a moment that was allowed, the rest was not met";
    report.excuse = std::move(verdict.excuse);
    report.own_duration = verdict.own;
    if (verdict.was_allowed) by.allowed.note_use(report.duration);
    if (block_sample const* const telling = telling_sample(seen, report.cause, !report.stack.empty()))
        show(report, *telling);
    observation const* const lock = first_seen(evidence, activity::lock);
    bool const waits = report.cause == cause::lock || report.cause == cause::self_deadlock;
    report.fix = fix_for(report.cause, report.stack, waits && lock != nullptr ? entry_of(lock->what.lock) : "");
    report.samples = std::move(seen.samples);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
