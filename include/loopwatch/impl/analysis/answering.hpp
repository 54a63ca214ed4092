// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../allowance/allowed_time.hpp"
#include "../allowance/block_allowances.hpp"
#include "../base/clock.hpp"
#include "../block/block_facts.hpp"
#include "../block/thread_life.hpp"
#include "../capture/snapshot.hpp"
#include "classify.hpp"
#include "named_block.hpp"
#include "position.hpp"

#include <algorithm>
#include <cstddef>

// Which thread answers for a block, and for which part of it. All functions here are pure.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Which thread answers for a block, what it was allowed, and which look at it to show.
struct answer {
    std::size_t thread{0};         // its number in the block
    std::size_t look{0};           // index into the looks at that thread; 0: the deadline's
    allowed_time allowed{};        // for how long the thread was allowed to block
    bool excludes_allowed{false};  // only the time that was not allowed is blamed: looks at the other time do not count
    nanoseconds free_starved{};    // for how long another thread, which may have been free, waited for a CPU
};

/// Which of a loop's threads answers, if they were allowed to block for different times.
///
/// A context is blocked only while all of its threads are, so the thread answers that was allowed least. A strand is
/// held by one thread, and where no handler was seen that may have been any of them: then the thread answers that was
/// allowed most. Else a block might be blamed that was allowed.
inline std::size_t answering(named_block const& block, view<allowed_time const> allowed, std::size_t shown,
                             bool on_strand)
{
    auto const where = [&](std::size_t i) { return block.thread(i).at_deadline().where; };
    bool const least = where(shown) == position::handler && !on_strand;
    std::size_t best = shown;
    for (std::size_t i = 0; i < block.looked_at(); ++i) {
        if (where(i) != where(shown)) continue;
        bool const better =
            least ? allowed[i].total() < allowed[best].total() : allowed[i].total() > allowed[best].total();
        if (better) best = i;
    }
    return best;
}

/// The thread that waited longest for a CPU. It answers if no thread was seen in a handler: it may be the one that was
/// woken for the heartbeat, even if another thread ran that in the end.
inline std::size_t longest_starved(named_block const& block)
{
    auto const run_delay = [&](std::size_t i) { return waited_for_cpu(block.thread(i).life); };
    std::size_t longest = block.ran_by != block_facts::none ? block.ran_by : 0;
    for (std::size_t i = 0; i < block.looked_at(); ++i)
        if (run_delay(i) > run_delay(longest)) longest = i;
    return longest;
}

/// For how long a thread waited for a CPU that may have been free: with a CPU it would have run the next handler. The
/// longest of all threads but one.
///
/// A thread that runs another loop by now does not count. One whose stack is not known, because it got no CPU, counts:
/// even if it was in a handler, that was not at fault. When a thread waited that had never run this loop before is not
/// known: all of its wait counts.
inline nanoseconds free_starved(named_block const& block, std::size_t but)
{
    nanoseconds longest = block.newcomer_waited;
    for (std::size_t i = 0; i < block.threads.size(); ++i) {
        position const where = block.threads[i].at_deadline().where;
        bool const may_be_free = where == position::parked || where == position::unknown || i == block.ran_by;
        if (i == but || !may_be_free) continue;
        thread_life const& life = block.threads[i].life;
        nanoseconds waited = waited_for_cpu(life);
        // Met late, and ready to run: it may have been so ever since.
        if (life.since_seen && block.threads[i].at_deadline().reading.state == 'R')
            waited += std::max(nanoseconds{0}, life.from.at - block.sent_at);
        longest = std::max(longest, waited);
    }
    return std::min(longest, block.length.at_least);
}

/// The first look at a moment that was not allowed and in which the thread was in a handler. If there is none, the
/// deadline's.
inline std::size_t first_not_allowed(named_block const& block, named_thread const& thread, allowed_time const& allowed)
{
    for (std::size_t i = 0; i < thread.looks.size(); ++i) {
        named_look const& look = thread.looks[i];
        if (look.frames.empty() || is_in_no_handler(look) || look.taken_at >= block.ended_at()) continue;
        if (!allowed.at(look.taken_at - block.sent_at)) return i;
    }
    return 0;
}

/// Cuts off what exceeds the thread's budgets, and decides whether the rest of the block is blamed on it.
inline void settle_allowances(answer& by, named_block const& block, bool left_since, nanoseconds threshold)
{
    named_thread const& thread = block.thread(by.thread);
    nanoseconds const late = block.forgiven ? block.late : nanoseconds{0};
    auto const spent = spent_by(thread.life);
    nanoseconds const elsewhere = late + (spent ? part_of(block.waited, spent->run_delay, spent->all) : nanoseconds{0});
    // When a loop was left is not known, so a scope that is still open may have used its time after that. Else all time
    // that is not the loop's may lie in the scope: the wait for a CPU, the slack, and the watchdog's delay.
    if (!left_since) by.allowed.hold_to_budgets(elsewhere + block.waited - block.length.at_least);
    by.excludes_allowed =
        by.allowed.over() > nanoseconds{0} || block.length.at_least - elsewhere - by.allowed.total() >= threshold;
    if (by.excludes_allowed) by.look = first_not_allowed(block, thread, by.allowed);
}

/// `found`: what the stacks at the deadline say. `on_strand`: the loop is a strand.
inline answer answer_for(named_block const& block, finding const& found, block_allowances const& allowed,
                         bool on_strand, nanoseconds threshold)
{
    named_thread const& candidate = block.thread(found.shown);
    bool const over_before =
        candidate.at_deadline().missing == capture_error::recovered && candidate.times_in_handler() == 0;
    answer by;
    by.thread = is_in_no_handler(candidate.at_deadline()) || over_before ? longest_starved(block) : found.shown;

    named_look const& shown = block.thread(by.thread).at_deadline();
    if (is_in_no_handler(shown) || shown.let_go) {
        // The thread that held the loop was not looked at, so it may be any: the most that one was allowed counts.
        by.allowed = allowed.most;
    } else {
        by.thread = answering(block, allowed.of_threads, by.thread, on_strand && block.hold != strand_hold::by_nobody);
        by.allowed = allowed.of_threads[by.thread];
    }
    if (by.allowed.total() > nanoseconds{0}) settle_allowances(by, block, found.left_since, threshold);

    bool const in_handler = !is_in_no_handler(block.thread(by.thread).at_deadline());
    if (found.by_asio && !found.on_strand && in_handler) by.free_starved = free_starved(block, by.thread);
    return by;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
