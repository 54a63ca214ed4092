// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../allowance/allowed_time.hpp"
#include "../allowance/thread_records.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../block/raw_block.hpp"
#include "../block/thread_life.hpp"
#include "../capture/look.hpp"
#include "../symbolize/symbolize.hpp"
#include "classify.hpp"
#include "position.hpp"
#include "shown_stack.hpp"

#include <cstddef>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Which of a loop's threads answers for a block, if they were allowed to block for different times. Pure.
///
/// A context is blocked only while all its threads are: the one answers that was allowed least. A strand is held by one
/// of them, and where no handler was seen it may have been any: then the one answers that was allowed most, lest a
/// block be blamed that was allowed.
inline std::size_t answering(view<named_stack const> threads, view<nanoseconds const> allowed, std::size_t shown,
                             bool on_strand)
{
    position const where = threads[shown].where;
    bool const least = where == position::handler && !on_strand;
    std::size_t best = shown;
    for (std::size_t i = 0; i < threads.size(); ++i)
        if (threads[i].where == where && (least ? allowed[i] < allowed[best] : allowed[i] > allowed[best])) best = i;
    return best;
}

/// Who answers for a block, what it was allowed, and which look at it to show.
struct answer {
    std::size_t thread{0};  // of those that were seen at the deadline
    allowed_time allowed;
    bool excludes_allowed{false};  // the rest is blamed: what was seen while it was allowed says nothing
    seen_thread const* look{nullptr};
    nanoseconds free_starved{};  // for how long another, that was free, waited for a CPU

    [[nodiscard]] bool at_deadline(raw_block const& raw) const { return look == &raw.seen(thread); }
};

/// Reads the threads' records. Not on the watchdog, which must not wait for a thread that is kept from its CPU in the
/// midst of writing; nor at the block's end, for they keep the past.
inline answer who_answers(raw_block const& raw, view<named_stack const> threads, std::size_t shown, bool on_strand)
{
    time_point const began = raw.sent_at;
    time_point const ended = raw.sent_at + raw.waited;
    answer by{.thread = shown, .allowed = {}, .excludes_allowed = false, .look = &raw.seen(shown)};
    bool const let_go = raw.seen(shown).stack.let_go;
    if (let_go || threads[shown].where == position::parked || threads[shown].where == position::outside) {
        // Whoever held the loop was not among those that were looked at.
        for (auto const& noted : thread_records::allowed_to_each(began, ended)) {
            allowed_time each{noted, began, ended};
            if (each.total() > by.allowed.total()) by.allowed = std::move(each);
        }
        return by;
    }
    many<allowed_time> all;
    many<nanoseconds> totals;
    for (std::size_t i = 0; i < raw.looked_at(); ++i) {
        all.emplace_back(thread_records::allowed(raw.seen(i).stack.thread, began, ended), began, ended);
        totals.push_back(all.back().total());
    }
    by.thread = answering(threads, totals, shown, on_strand);
    by.look = &raw.seen(by.thread);
    by.allowed = std::move(all[by.thread]);
    return by;
}

/// The first look at the thread in which it was not allowed to block, and in the loop's handlers.
inline seen_thread const& first_not_allowed(raw_block const& raw, answer const& by, symbolizer& names)
{
    auto const counts = [&](seen_thread const& t) {
        if (t.stack.thread != by.look->stack.thread || t.stack.size == 0) return false;
        if (t.stack.taken_at >= raw.sent_at + raw.waited || by.allowed.at(t.stack.taken_at - raw.sent_at)) return false;
        position const where = named(t.stack, names).where;
        return where != position::parked && where != position::outside;
    };
    if (counts(*by.look)) return *by.look;
    for (moment const& m : raw.later)
        for (seen_thread const& t : m)
            if (counts(t)) return t;
    return *by.look;
}

/// All of it. `found`: what the stacks at the deadline say.
inline answer answer_for(raw_block const& raw, view<named_stack const> threads, finding const& found, bool on_strand,
                         nanoseconds threshold, symbolizer& names)
{
    answer by = who_answers(raw, threads, found.shown, on_strand);
    if (by.allowed.total() == nanoseconds{0}) return by;
    nanoseconds const late = raw.forgiven ? raw.late : nanoseconds{0};
    auto const spent = spent_by(raw.life(by.thread));
    nanoseconds const elsewhere = late + (spent ? part_of(raw.waited, spent->run_delay, spent->all) : nanoseconds{0});
    // Of a loop that was left it is not certain when: the time of a scope that is open still may not be the loop's. Of
    // the others the slack, and what the watchdog was late, may lie in a scope as well.
    if (!found.left_since) by.allowed.hold_to_budgets(elsewhere + raw.waited - raw.length.at_least);
    by.excludes_allowed =
        by.allowed.over() > nanoseconds{0} || raw.length.at_least - elsewhere - by.allowed.total() >= threshold;
    if (by.excludes_allowed) by.look = &first_not_allowed(raw, by, names);
    return by;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
