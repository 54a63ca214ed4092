// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../classify.hpp"
#include "../clock.hpp"
#include "../config.hpp"
#include "../fix.hpp"
#include "../raw_block.hpp"
#include "../shown_stack.hpp"
#include "../symbolize/symbolize.hpp"
#include "activity.hpp"
#include "handlers.hpp"
#include "judge.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// The watchdog and the reporter.
constexpr unsigned background_threads = 2;

/// Everything the samples say about one thread: what it did, in which handlers, and where.
struct course {
    std::vector<observation> seen;
    handlers_seen handlers;
    std::vector<block_sample> samples;
    nanoseconds last_in_handler{};  // since the block began: until then it certainly went on
};

/// `by_asio`: the loop's handlers are called by Asio, so that a stack says whether it is in one.
inline course course_of(raw_block const& raw, std::size_t shown, named_stack const& at_deadline, symbolizer& names,
                        bool by_asio)
{
    course all;
    std::vector<handler_seen> handlers;
    std::vector<nanoseconds> times;
    auto const add = [&](seen_thread const& t, named_stack stack) {
        // One that has left the loop meanwhile is at something else.
        if (t.stack.size == 0 || (by_asio && stack.where == position::outside)) return;
        nanoseconds const after = t.stack.taken_at - raw.sent_at;
        occupation const what = occupation_of(t.reading, stack.frames);
        if (stack.where == position::handler) all.last_in_handler = after;
        handlers.push_back(handler_in(stack.frames, stack.where, t.stack));
        times.push_back(after);
        block_sample& sample = all.samples.emplace_back();
        sample.after = after;
        sample.doing = handlers.back().between ? "between two handlers" : what.text;
        put_stack_into(sample, t.stack, std::move(stack.frames));
        all.seen.push_back({after, what});
    };
    thread_number const thread = raw.first[shown].stack.thread;
    add(raw.first[shown], at_deadline);
    for (moment const& m : raw.later)
        for (seen_thread const& t : m)
            // One that was taken after the end is of something else.
            if (t.stack.thread == thread && t.stack.taken_at < raw.sent_at + raw.waited) add(t, named(t.stack, names));
    all.handlers = count_handlers(handlers, times);
    return all;
}

inline std::optional<time_spent> spent_by(thread_life const& life)
{
    if (!life.from.known || !life.to.known || life.to.at <= life.from.at) return std::nullopt;
    return time_spent{life.to.at - life.from.at, life.to.on_cpu - life.from.on_cpu,
                      life.to.in_queue - life.from.in_queue};
}

/// How long the thread has been waiting for a CPU that it has not been given yet. The kernel adds up a wait when it is
/// over; but a thread that is ready to run, and whose counters stand, waits.
inline nanoseconds still_in_queue(raw_block const& raw, thread_life const& life, thread_number thread)
{
    if (!life.to.known) return {};
    auto const stands = [&](thread_counters const& c) {
        return c.known && c.slices == life.to.slices && c.on_cpu == life.to.on_cpu;
    };
    std::optional<time_point> since;
    auto const note = [&](seen_thread const& t) {
        if (since || t.reading.thread != thread) return;
        if (t.reading.state == 'R' && stands(t.reading.counters)) since = t.reading.at;
    };
    for (seen_thread const& t : raw.first) note(t);
    // Ready at the deadline and not run since the heartbeat waits: it was woken by that.
    if (since && stands(life.from)) since = life.from.at;
    for (moment const& m : raw.later)
        for (seen_thread const& t : m) note(t);
    return since ? std::max(nanoseconds{0}, life.to.at - *since) : nanoseconds{0};
}

inline block_evidence evidence_of(raw_block const& raw, std::size_t shown, block_report const& report,
                                  std::span<observation const> seen, handlers_seen handlers)
{
    thread_reading const& reading = raw.first[shown].reading;
    block_evidence e;
    e.duration = report.duration;
    e.threshold = report.threshold;
    e.late = raw.late;
    e.forgiven = raw.forgiven;
    thread_life life = raw.lives[shown];
    life.to.in_queue += still_in_queue(raw, life, reading.thread);
    e.spent = spent_by(life);
    if (e.spent && !life.since_seen)
        e.uncounted = std::clamp(life.from.at - raw.sent_at, nanoseconds{0}, e.duration);
    else if (life.since_seen && seen.empty() && !e.spent)
        e.uncounted = e.duration;  // a thread that was met when all was over
    e.seen = seen;
    e.handlers = handlers;
    bool const is_mutex = !seen.empty() && seen.front().what.lock == lock_kind::mutex;
    if (is_mutex && reading.call.mutex_owner != 0) {
        e.holds_it_itself = reading.call.mutex_owner == reading.thread;
        if (!e.holds_it_itself)
            e.holder = fmt::format("thread {}{}", reading.call.mutex_owner,
                                   raw.holder_name.empty() ? "" : " \"" + raw.holder_name + '"');
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
        e.process_pushed_off = raw.after.counters.pushed_off - raw.at_send.pushed_off;
    }
    if (raw.before.has_throttling && raw.after.has_throttling)
        e.throttled = std::min(raw.after.throttled - raw.before.throttled, report.duration);
    e.runnable = raw.at_deadline.runnable;
    e.processors = raw.after.processors;
    e.tracer = raw.after.tracer;
    return e;
}

inline void put_cause(block_report& report, raw_block const& raw, std::size_t shown, course& seen, cause_set raise_on)
{
    block_evidence const evidence = evidence_of(raw, shown, report, seen.seen, seen.handlers);
    judgement verdict = judge(evidence, raise_on);
    report.cause = verdict.cause;
    report.evidence = std::move(verdict.evidence);
    report.excuse = std::move(verdict.excuse);
    report.own_duration = verdict.own;
    report.fix = fix_for(report.cause, report.stack);
    report.samples = std::move(seen.samples);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
