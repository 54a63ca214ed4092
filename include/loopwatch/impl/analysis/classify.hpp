// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/view.hpp"
#include "../block/block_facts.hpp"
#include "../capture/snapshot.hpp"
#include "named_block.hpp"
#include "position.hpp"

#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the stacks say about a block: whether it was one at all, and which thread's stack shows it.
struct finding {
    bool blocked{true};
    std::size_t shown{0};    // the thread's number in the block
    bool untold{false};      // it can't be told which of the threads the loop waits for
    bool on_strand{false};   // others may run in its context while it is held
    bool by_asio{true};      // its handlers are called by Asio, so that a stack says whether it is in one
    bool not_run{false};     // nobody was running the loop
    bool left_since{false};  // at the end, nobody was running it any more
};

/// Pure. Whether this thread runs a handler through some strand.
inline bool is_in_strand(view<frame const> stack)
{
    return any_of(stack, [](frame const& f) {
        return origin_of(f) == code_origin::asio && f.function.find("strand") != f.function.npos;
    });
}

/// Pure. Whether this thread may run a handler of a strand. It may if it has no stack, or one that lacks names.
inline bool may_hold_strand(named_thread const& thread)
{
    named_look const& s = thread.at_deadline();
    if (s.missing == capture_error::thread_gone) return false;
    if (s.where == position::unknown) return true;
    auto const nameless = [](frame const& f) { return f.function.empty() && !is_system_module(f.module); };
    return s.where == position::handler && (is_in_strand(s.frames) || any_of(s.frames, nameless));
}

/// The thread that holds a strand, where Asio's own list does not tell.
struct strand_holder {
    bool nobody{false};  // no thread does: what is queued in it waits for a CPU, or for a thread of the context
    std::size_t at{0};   // index into the threads
    bool known{false};   // `at` is
};

/// Pure. The thread that may be in a strand's handler holds the strand, if it is the only one. If there are two, or
/// threads that were not looked at, it can't be told.
inline strand_holder find_strand_holder(view<named_thread const> threads, bool all_threads)
{
    strand_holder found{.nobody = all_threads};
    for (std::size_t i = 0; i < threads.size(); ++i) {
        if (!may_hold_strand(threads[i])) continue;
        found.known = found.nobody && threads[i].at_deadline().where == position::handler;
        if (found.known) found.at = i;
        found.nobody = false;
    }
    return found;
}

/// Pure. Of the threads that may have been in a handler at the deadline, the one that was found in one most often; of
/// those that stayed as long, the one that ran the fewest, and the first of these. What another one did that was out of
/// its handler, or of the loop, before the block's end is not what the loop waited for. Null: none was ever found in
/// one.
inline named_thread const* longest_in_handler(view<named_thread const> threads)
{
    auto const stayed_longer = [](named_thread const& a, named_thread const& b) {
        std::size_t const times = a.times_in_handler();
        std::size_t const of_other = b.times_in_handler();
        return times != of_other ? times > of_other : a.changes_of_handler() < b.changes_of_handler();
    };
    named_thread const* found = nullptr;
    for (named_thread const& t : threads) {
        if (is_in_no_handler(t.at_deadline()) || t.times_in_handler() == 0) continue;
        if (found == nullptr || stayed_longer(t, *found)) found = &t;
    }
    return found;
}

/// Pure. `on_strand`: others may run in the loop's context while it is held. `was_left`: it was once seen with nobody
/// running it.
inline finding examine(named_block const& block, bool on_strand, bool was_left)
{
    view<named_thread const> const threads{block.threads};
    bool const asio_calls = asio_calls_handlers(block.knows_runners, block.beat_path);
    auto const is = [](position p) { return [p](named_thread const& t) { return t.at_deadline().where == p; }; };
    auto const runs_nothing = [](named_look const& s) {
        return s.where == position::outside || s.missing == capture_error::thread_gone;
    };
    auto const ran_nothing = [&](named_thread const& t) { return runs_nothing(t.at_deadline()); };

    finding found;
    found.by_asio = asio_calls;
    found.on_strand = (on_strand || is_in_strand(block.beat_path)) && block.hold != strand_hold::by_nobody;
    bool const any_free = any_of(threads, is(position::parked));
    named_thread const* holder = any_of(threads, is(position::handler)) ? longest_in_handler(threads) : nullptr;
    if (holder != nullptr && found.on_strand && threads.size() > 1) {
        // The handler may be of another strand in the same context.
        auto const by = find_strand_holder(threads, block.all_threads || !block.knows_runners);
        if (by.known) holder = &threads[by.at];
        found.untold = !by.known && (!by.nobody || any_free);
    }
    if (holder != nullptr && block.hold == strand_hold::by_nobody && any_free) {
        found.blocked = false;
    } else if (holder != nullptr) {
        found.shown = static_cast<std::size_t>(holder - threads.data());
    } else if (asio_calls && !threads.empty()) {
        found.not_run = all_of(threads, ran_nothing);
        bool const all_idle =
            all_of(threads, [&](named_thread const& t) { return ran_nothing(t) || is(position::parked)(t); });
        // A thread that waits for work takes the heartbeat as soon as it is given a CPU, so that is no block. In a
        // strand the heartbeat may be queued behind a handler, on a thread that has not run the loop before. A thread
        // without a stack may have been in a handler.
        found.blocked = !all_idle;
        if (block.hold == strand_hold::by_one) {
            found.blocked = true;
        } else if (all_idle && found.on_strand && !found.not_run) {
            auto const by = find_strand_holder(block.others, block.all_threads);
            found.blocked = !by.nobody;
            if (by.known) found.shown = threads.size() + by.at;
        }
        // Without any stack there may have been no block, if the loop is known to be left and entered again. But a loop
        // that was left while it was blocked was known to be run until then.
        bool const known_to_run = block.knows_runners && block.how == ending::stopped;
        if (was_left && !known_to_run && block.hold != strand_hold::by_one &&
            all_of(threads, [](named_thread const& t) { return t.at_deadline().missing == capture_error::recovered; }))
            found.blocked = false;
        if (named_thread const* const better = first_of(threads, is(position::unknown))) {
            found.shown = static_cast<std::size_t>(better - threads.data());
            found.untold = found.on_strand && threads.size() > 1;
        }
    }
    found.left_since = !block.latest.empty() && asio_calls && all_of(block.latest, runs_nothing);
    // It was in no handler then, and is out of the loop now: it was about to leave the loop, or to end its thread.
    if (found.left_since && holder == nullptr && any_free) found.blocked = false;
    return found;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
