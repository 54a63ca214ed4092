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

// Who answers for a block. All of it is pure.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Who answers for a block, what it was allowed, and which look at it to show.
struct answer {
    std::size_t thread{0};  // its number in the block
    std::size_t look{0};    // its number among the looks at that thread; 0: the deadline's
    allowed_time allowed{};
    bool excludes_allowed{false};  // the rest is blamed: what was seen while it was allowed says nothing
    nanoseconds free_starved{};    // for how long another thread, that was free, waited for a CPU
};

/// Which of a loop's threads answers, if they were allowed to block for different times.
///
/// A context is blocked only while all its threads are: the one answers that was allowed least. A strand is held by one
/// of them, and where no handler was seen it may have been any: then the one answers that was allowed most, lest a
/// block be blamed that was allowed.
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

/// If none of the threads is in a handler, or it was over before one was seen, the one that waited longest for a CPU
/// tells most: it may be the one that was woken, though another ran the heartbeat in the end.
inline std::size_t longest_starved(named_block const& block)
{
    auto const run_delay = [&](std::size_t i) { return waited_for_cpu(block.thread(i).life); };
    std::size_t longest = block.ran_by != block_facts::none ? block.ran_by : 0;
    for (std::size_t i = 0; i < block.looked_at(); ++i)
        if (run_delay(i) > run_delay(longest)) longest = i;
    return longest;
}

/// For how long another thread waited for a CPU that may have been free, and so would have run what is next. One that
/// runs another loop by now was not wanted. One whose stack is not known, for it got no CPU in all the time, counts:
/// had it been in a handler, it would not have been at fault either. Of one that had never run this loop before it is
/// not known when it waited: then all of it was now.
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

/// The first look at the thread in which it was not allowed to block, and in the loop's handlers; or the deadline's.
inline std::size_t first_not_allowed(named_block const& block, named_thread const& thread, allowed_time const& allowed)
{
    for (std::size_t i = 0; i < thread.looks.size(); ++i) {
        named_look const& look = thread.looks[i];
        if (look.frames.empty() || is_in_no_handler(look) || look.taken_at >= block.ended_at()) continue;
        if (!allowed.at(look.taken_at - block.sent_at)) return i;
    }
    return 0;
}

/// Holds the thread to its budgets, and decides what of the block is blamed on it.
inline void settle_allowances(answer& by, named_block const& block, bool left_since, nanoseconds threshold)
{
    named_thread const& thread = block.thread(by.thread);
    nanoseconds const late = block.forgiven ? block.late : nanoseconds{0};
    auto const spent = spent_by(thread.life);
    nanoseconds const elsewhere = late + (spent ? part_of(block.waited, spent->run_delay, spent->all) : nanoseconds{0});
    // Of a loop that was left it is not certain when: the time of a scope that is open still may not be the loop's. Of
    // the others the slack, and what the watchdog was late, may lie in a scope as well.
    if (!left_since) by.allowed.hold_to_budgets(elsewhere + block.waited - block.length.at_least);
    by.excludes_allowed =
        by.allowed.over() > nanoseconds{0} || block.length.at_least - elsewhere - by.allowed.total() >= threshold;
    if (by.excludes_allowed) by.look = first_not_allowed(block, thread, by.allowed);
}

/// `found`: what the stacks at the deadline say. `on_strand`: the loop is a strand, and not all of its context.
inline answer answer_for(named_block const& block, finding const& found, block_allowances const& allowed,
                         bool on_strand, nanoseconds threshold)
{
    named_look const& candidate = block.thread(found.shown).at_deadline();
    bool const over_before = candidate.missing == capture_error::recovered;
    answer by;
    by.thread = is_in_no_handler(candidate) || over_before ? longest_starved(block) : found.shown;

    named_look const& shown = block.thread(by.thread).at_deadline();
    if (is_in_no_handler(shown) || shown.let_go) {
        // Whoever held the loop was not among those that were looked at.
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
