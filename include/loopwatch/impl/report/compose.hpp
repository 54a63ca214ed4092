// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../analysis/answering.hpp"
#include "../analysis/cause/course.hpp"
#include "../analysis/classify.hpp"
#include "../analysis/fix.hpp"
#include "../analysis/shown_stack.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../block/raw_block.hpp"
#include "../symbolize/symbolize.hpp"
#include "watched.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the reporter made of a raw block.
struct composition {
    block_report report;
    bool is_block{false};
    bool not_run{false};  // nobody was running the loop: no block
};

/// The function at this address itself, not one that is inlined at its very start.
inline frame function_at(std::uintptr_t address, symbolizer& names)
{
    snapshot one;
    one.addresses[0] = address;
    one.size = 1;
    one.first_is_exact = true;
    auto const frames = names(one);
    return frames.empty() ? frame{} : frames.back();
}

/// Who awaits the coroutine that blocks, without Asio's own, which only start one. Nobody, if the coroutine that is
/// known to be awaited is not the innermost on the stack: one that starts an operation is not attached to its thread.
inline std::vector<frame> awaiters_of(snapshot const& s, view<frame const> stack, symbolizer& names)
{
    std::vector<frame> all;
    frame const* const innermost = first_with(stack, &frame::coroutine, true);
    if (s.awaiters_size == 0 || innermost == nullptr || innermost->function != function_at(s.awaited, names).function)
        return all;
    for (std::uintptr_t const function : s.awaiting()) {
        frame awaiter = function_at(function, names);
        if (auto const origin = origin_of(awaiter); origin != code_origin::user && origin != code_origin::library)
            continue;
        awaiter.coroutine = true;
        all.push_back(std::move(awaiter));
    }
    return all;
}

inline bool is_in_none(named_stack const& s) { return s.where == position::parked || s.where == position::outside; }

/// If none of the threads is in a handler, or it was over before one was seen, the one that waited longest for a CPU
/// tells most: it may be the one that was woken, though another ran the heartbeat in the end.
inline std::size_t most_telling(raw_block const& raw)
{
    auto const run_delay = [&](std::size_t i) { return waited_for_cpu(raw.life(i)); };
    std::size_t most = raw.ran_by != raw_block::none ? raw.ran_by : 0;
    for (std::size_t i = 0; i < raw.looked_at(); ++i)
        if (run_delay(i) > run_delay(most)) most = i;
    return most;
}

/// For how long another thread waited for a CPU that may have been free, and so would have run what is next. One that
/// runs another loop by now was not wanted. One whose stack is not known, for it got no CPU in all the time, counts:
/// had it been in a handler, it would not have been at fault either. Of one that had never run this loop before it is
/// not known when it waited: then all of it was now. Pure.
inline nanoseconds free_starved(raw_block const& raw, view<named_stack const> threads, std::size_t but)
{
    nanoseconds longest = raw.newcomer_waited;
    for (std::size_t i = 0; i < raw.first.size(); ++i) {
        position const where = threads[i].where;
        bool const may_be_free = where == position::parked || where == position::unknown || i == raw.ran_by;
        if (i != but && may_be_free) longest = std::max(longest, waited_for_cpu(raw.lives[i]));
    }
    return std::min(longest, raw.length.at_least);
}

inline composition composed(watch_settings const& how, raw_block const& raw, symbolizer& names, bool was_left)
{
    if (raw.run_elsewhere) return {};
    auto first = named(raw.first, names);
    for (seen_thread const& t : raw.others) first.push_back(named(t.stack, names));
    bool const by_watch = raw.how != ending::beat && raw.how != ending::stopped;
    auto const latest = by_watch ? named(raw.latest, names) : many<named_stack>{};
    auto const path = raw.how == ending::beat ? names.by_symbols(raw.beat_path) : std::vector<frame>{};
    // One that was left while it was blocked was known to be run until then.
    bool const known_to_run = raw.knows_runners && raw.how == ending::stopped;
    view const seen_first{first};
    finding found = examine({.first = seen_first.first(raw.first.size()),
                             .latest = latest,
                             .beat_path = path,
                             .was_left = was_left && !known_to_run,
                             .on_strand = how.on_strand,
                             .others = seen_first.subspan(raw.first.size()),
                             .all_threads = raw.all_threads,
                             .by_list = raw.knows_runners,
                             .hold = raw.hold});

    // Nor does it then say that it is in none.
    if (!found.by_asio)
        for (named_stack& s : first) s.where = position::unknown;

    composition result;
    result.is_block = found.blocked;
    result.not_run = found.not_run || found.left_since;
    if (!found.blocked) return result;

    if (is_in_none(first[found.shown]) || first[found.shown].missing == capture_error::recovered)
        found.shown = most_telling(raw);
    bool const any_may_hold = how.on_strand && raw.hold != strand_hold::by_nobody;
    answer by = answer_for(raw, first, found, any_may_hold, how.threshold, names);
    snapshot const& shown = by.look->stack;
    block_report& report = result.report;
    report.loop = how.name;
    report.threshold = how.threshold;
    report.duration = raw.length.at_least;
    report.duration_max = raw.length.at_most;
    report.ended = raw.how != ending::watch && raw.how != ending::none;
    auto const ago = raw.reported_at - raw.sent_at;
    report.began_at = raw.reported_at_wall - std::chrono::duration_cast<std::chrono::system_clock::duration>(ago);
    report.thread_id = shown.thread;
    report.thread_name = raw.life(by.thread).name;

    named_stack& stack = first[by.thread];
    bool const in_none = is_in_none(stack);
    if (found.by_asio && !found.on_strand && !in_none) by.free_starved = free_starved(raw, first, by.thread);
    course seen;
    if (in_none || found.untold) {
        // It is in no handler, so whatever it does, it is not what the loop waits for; or it may be another's.
        report.stack_quality = stack_quality::none;
        report.stack_missing = in_none ? "none of the threads that were seen to run this loop was in a handler"
                                       : "it can't be told which of the context's threads held the strand";
    } else {
        seen = course_of(raw, by, stack, names, found.by_asio);
        if (!by.at_deadline(raw)) stack = named(shown, names);
        report.stack_missing = std::string{text_of(shown.missing)};
        put_stack_into(report, shown, std::move(stack.frames));
        report.awaited_by = awaiters_of(shown, report.stack, names);
        if (raw.holder && by.at_deadline(raw) && !seen.seen.empty() && seen.seen[0].what.lock == lock_kind::mutex) {
            snapshot const& s = raw.holder->stack;
            other_thread& holder = report.held_by.emplace();
            holder.thread_id = s.thread;
            holder.thread_name = raw.holder_name;
            holder.stack_missing = std::string{text_of(s.missing)};
            put_stack_into(holder, s, names(s));
        }
    }
    if (found.left_since) {
        // Somewhere between the last look that found it in a handler and the end of the watch the loop was left.
        if (raw.how == ending::none) result.is_block = false;  // nothing goes on, so there is no word to say
        report.duration = std::max({how.threshold, shown.taken_at - raw.sent_at, seen.last_in_handler});
        report.ended = true;
        by.allowed.end_at(report.duration);
    }
    put_cause(report, raw, by, seen, how.raise_on);
    return result;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
