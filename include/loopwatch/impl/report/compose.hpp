// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../allowance/block_allowances.hpp"
#include "../analysis/answering.hpp"
#include "../analysis/cause/activity.hpp"
#include "../analysis/cause/evidence.hpp"
#include "../analysis/cause/judge.hpp"
#include "../analysis/cause/telling_sample.hpp"
#include "../analysis/cause/thread_samples.hpp"
#include "../analysis/cause/wording.hpp"
#include "../analysis/classify.hpp"
#include "../analysis/handlers_run.hpp"
#include "../analysis/named_block.hpp"
#include "../analysis/running_handler.hpp"
#include "../analysis/shown_stack.hpp"
#include "../base/clock.hpp"
#include "../base/wall_clock.hpp"
#include "../block/block_facts.hpp"
#include "report_outline.hpp"
#include "watched.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Makes a report of a block with names. Each step takes values and returns one.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the reporter made of a block.
struct composition {
    block_report report;
    bool is_block{false};
    bool not_run{false};  // nobody was running the loop: no block
};

/// The same without what only a whole report has.
struct outlined_block {
    report_outline outline;
    bool is_block{false};
    bool not_run{false};
};

/// For how long the loop was blocked for certain, if it was left before the watch ended: until the last look that found
/// it in a handler. Pure.
inline nanoseconds duration_until_left(named_block const& block, answer const& by, thread_samples const& samples,
                                       nanoseconds threshold)
{
    nanoseconds const shown = block.thread(by.thread).looks[by.look].taken_at - block.sent_at;
    return std::max({threshold, shown, samples.last_in_handler});
}

/// The thread that held the mutex for which the loop's thread waited at the deadline. Pure.
inline std::optional<report_outline::holder> holder_of(named_block const& block, answer const& by,
                                                       thread_samples const& samples)
{
    if (!block.holder || by.look != 0 || !waits_for_mutex(samples.counted)) return std::nullopt;
    report_outline::holder holder;
    holder.thread = block.holder->thread;
    holder.name = block.holder_name;
    holder.stack_missing = std::string{text_of(block.holder->missing)};
    put_stack_into(holder, *block.holder);
    return holder;
}

/// The function in which the thread waited, by the kind of lock, for the stack may not name it; or "". Pure.
inline std::string_view waited_in(cause why, block_evidence const& evidence)
{
    if (why != cause::lock && why != cause::self_deadlock) return {};
    observation const* const lock = first_seen(evidence, activity::lock);
    return lock == nullptr ? std::string_view{} : entry_of(lock->what.lock);
}

/// `was_left`: the loop was once seen with nobody running it.
inline outlined_block outlined(watch_settings const& how, named_block block, block_allowances const& allowances,
                               bool was_left)
{
    finding const found = examine(block, how.on_strand, was_left);
    outlined_block result;
    result.is_block = found.blocked;
    result.not_run = found.not_run || found.left_since;
    if (!found.blocked) return result;
    // No progress is reported of a loop that was left.
    if (found.left_since && block.how == ending::none) result.is_block = false;
    if (!found.by_asio) forget_positions(block);

    answer by = answer_for(block, found, allowances, how.on_strand, block.threshold);
    named_thread const& thread = block.thread(by.thread);
    // What a thread does that is in no handler, or may be in another strand's, is not what the loop waits for.
    bool const in_none = is_in_no_handler(thread.at_deadline());
    bool const has_stack = !in_none && !found.untold;
    thread_samples samples = has_stack ? samples_of(thread, by, block.sent_at) : thread_samples{};
    nanoseconds duration = block.length.at_least;
    if (found.left_since) {
        duration = duration_until_left(block, by, samples, block.threshold);
        by.allowed.end_at(duration);
    }

    block_evidence evidence = evidence_of(block, by, samples, duration, block.threshold);
    // A handler that held the loop is no queue, whatever else ran.
    std::vector<handler_count> run = block.handler.known ? std::vector<handler_count>{} : handlers_run_in(block);
    if (!run.empty()) evidence.handlers_run = handlers_run_text(run, duration);
    judgement verdict = judge(evidence, how.raise_on);
    if (verdict.was_allowed) by.allowed.note_use(duration);

    shown_stack shown;
    if (has_stack) {
        shown = shown_at(thread.looks[by.look]);
        if (by.excludes_allowed && samples.counted.empty() && !shown.stack.empty())
            verdict.evidence += "; the stack is of a moment that was allowed, the rest was not met";
        if (shown_sample const* const telling = telling_sample(samples, verdict.cause, !shown.stack.empty()))
            shown = shown_instead(std::move(shown), *telling);
    } else {
        shown.stack_missing = in_none ? "none of the threads that were seen to run this loop was in a handler"
                                      : "it can't be told which of the context's threads held the strand";
    }

    report_outline& outline = result.outline;
    block_report& report = outline.head;
    report.loop = how.name;
    report.thread_id = thread.looks[by.look].thread;
    report.thread_name = thread.life.name;
    report.began_at = block.reported_at_wall - in_wall_ticks(block.reported_at - block.sent_at);
    report.duration = duration;
    report.duration_max = block.length.at_most;
    report.own_duration = verdict.own;
    report.threshold = block.threshold;
    report.ended = found.left_since || (block.how != ending::watch && block.how != ending::none);
    report.cause = verdict.cause;
    report.evidence = std::move(verdict.evidence);
    // Of several threads that were held, the handler may be another's than the stack.
    if (block.handler.thread == 0 || block.handler.thread == report.thread_id)
        report.handler = info_of(block.handler, block.handler_type, shown.stack);
    if (verdict.cause == cause::backlog) report.handlers_run = std::move(run);
    report.excuse = std::move(verdict.excuse);
    outline.waited_in = waited_in(verdict.cause, evidence);
    outline.held_by = has_stack ? holder_of(block, by, samples) : std::nullopt;
    outline.samples = std::move(samples.shown);
    outline.stack = std::move(shown.stack);
    report.awaited_by = std::move(shown.awaited_by);
    report.stack_quality = shown.stack_quality;
    report.stack_missing = std::move(shown.stack_missing);
    return result;
}

inline composition composed(watch_settings const& how, named_block block, block_allowances const& allowances,
                            bool was_left)
{
    outlined_block const made = outlined(how, std::move(block), allowances, was_left);
    return {made.is_block ? made.outline.whole() : block_report{}, made.is_block, made.not_run};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
