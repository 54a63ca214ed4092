// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/view.hpp"
#include "../block/raw_block.hpp"
#include "../capture/snapshot.hpp"
#include "position.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A snapshot with names.
struct named_stack {
    std::vector<frame> frames;
    position where{position::unknown};
    capture_error missing{capture_error::none};

    named_stack(std::vector<frame> f, capture_error g, bool complete)
        : frames{std::move(f)}, where{position_of(frames, complete)}, missing{g}
    {
    }
    named_stack(std::vector<frame> f, capture_error g, position p) : frames{std::move(f)}, where{p}, missing{g} {}
};

/// What was seen of a loop, with names.
struct sightings {
    view<named_stack const> first;     // the loop's threads at the deadline
    view<named_stack const> latest{};  // the same at the end of the watch; empty: not looked
    view<frame const> beat_path{};     // on which the heartbeat ran that ended the block; empty: none did
    bool was_left{false};              // it was once seen with nobody running it
    bool on_strand{false};             // others may run in its context while it is held
    view<named_stack const> others{};  // other threads of the process at the deadline, if it is a strand
    bool all_threads{false};           // there are no more in the process
    bool by_list{false};               // it is known of each thread whether it runs the loop: so Asio does
    strand_hold hold{strand_hold::untold};
};

/// What the stacks say about a block: which of them is the one to show, and whether it was a block at all.
struct finding {
    bool blocked{true};
    std::size_t shown{0};    // index into the stacks of the deadline, the loop's and then the others
    bool untold{false};      // none of them: it can't be told which of the threads the loop waits for
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

/// Pure. Whether this thread may run a handler of a strand: also where a stack lacks names, or is lacking.
inline bool may_hold_strand(named_stack const& s)
{
    if (s.missing == capture_error::thread_gone) return false;
    if (s.where == position::unknown) return true;
    auto const nameless = [](frame const& f) { return f.function.empty() && !is_system_module(f.module); };
    return s.where == position::handler && (is_in_strand(s.frames) || any_of(s.frames, nameless));
}

/// Pure. The thread that holds a strand, where Asio's own list does not tell: it is the only one of these that may be
/// in a strand's handler. If two are, or there are threads that were not looked at, it can't be told. Nobody: it is
/// held by none, and all that its queue can wait for is a CPU, or a thread of the context.
struct strand_holder {
    bool nobody{false};
    std::size_t at{0};  // index into them
    bool known{false};
};

inline strand_holder find_strand_holder(view<named_stack const> threads, bool all_threads)
{
    strand_holder found{.nobody = all_threads};
    for (std::size_t i = 0; i < threads.size(); ++i) {
        if (!may_hold_strand(threads[i])) continue;
        found.known = found.nobody && threads[i].where == position::handler;
        if (found.known) found.at = i;
        found.nobody = false;
    }
    return found;
}

/// Pure.
inline finding examine(sightings const& seen)
{
    auto const first = seen.first;
    // A loop that is not Asio's, behind an executor of the user's own, calls its handlers some other way.
    bool const asio_calls =
        seen.by_list || seen.beat_path.empty() || position_of(seen.beat_path, true) == position::handler;
    auto const is = [](position p) { return [p](named_stack const& s) { return s.where == p; }; };
    auto const runs_nothing = [](named_stack const& s) {
        return s.where == position::outside || s.missing == capture_error::thread_gone;
    };

    finding found;
    found.by_asio = asio_calls;
    found.on_strand = (seen.on_strand || is_in_strand(seen.beat_path)) && seen.hold != strand_hold::by_nobody;
    bool const any_free = any_of(first, is(position::parked));
    named_stack const* holder = first_of(first, is(position::handler));
    if (holder != nullptr && found.on_strand && first.size() > 1) {
        // A handler of this strand, and not of another one.
        auto const by = find_strand_holder(first, seen.all_threads || !seen.by_list);
        if (by.known) holder = &first[by.at];
        found.untold = !by.known && (!by.nobody || any_free);
    }
    if (holder != nullptr && seen.hold == strand_hold::by_nobody && any_free) {
        found.blocked = false;
    } else if (holder != nullptr) {
        found.shown = static_cast<std::size_t>(holder - first.data());
    } else if (asio_calls && !first.empty()) {
        found.not_run = all_of(first, runs_nothing);
        bool const all_idle =
            all_of(first, [&](named_stack const& s) { return runs_nothing(s) || s.where == position::parked; });
        // A thread that waits for work would have taken the heartbeat, were it given a CPU. Only in a strand it may be
        // queued behind a handler on a thread that has not run it before. What can't be looked at leaves it open.
        found.blocked = !all_idle;
        if (seen.hold == strand_hold::by_one) {
            found.blocked = true;
        } else if (all_idle && found.on_strand && !found.not_run) {
            auto const by = find_strand_holder(seen.others, seen.all_threads);
            found.blocked = !by.nobody;
            if (by.known) found.shown = first.size() + by.at;
        }
        // With no stack at all, a loop that is known to be left and entered again gets the benefit of the doubt.
        if (seen.was_left && seen.hold != strand_hold::by_one &&
            all_of(first, [](named_stack const& s) { return s.missing == capture_error::recovered; }))
            found.blocked = false;
        if (named_stack const* const better = first_of(first, is(position::unknown))) {
            found.shown = static_cast<std::size_t>(better - first.data());
            found.untold = found.on_strand && first.size() > 1;
        }
    }
    found.left_since = !seen.latest.empty() && asio_calls && all_of(seen.latest, runs_nothing);
    // Seen in no handler then, and out of the loop now: it was about to leave, or to end its thread.
    if (found.left_since && holder == nullptr && any_free) found.blocked = false;
    return found;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
