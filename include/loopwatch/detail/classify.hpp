// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "capture/snapshot.hpp"
#include "config.hpp"
#include "position.hpp"
#include "raw_block.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
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
    gap missing{gap::none};

    named_stack(std::vector<frame> f, gap g, bool complete)
        : frames{std::move(f)}, where{position_of(frames, complete)}, missing{g}
    {
    }
    named_stack(std::vector<frame> f, gap g, position p) : frames{std::move(f)}, where{p}, missing{g} {}
};

/// What the stacks say about a block: which of them is the one to show, and whether it was a block at all.
struct finding {
    bool blocked{true};
    std::size_t shown{0};    // index into the stacks of the deadline
    bool not_run{false};     // nobody was running the loop
    bool left_since{false};  // at the end, nobody was running it any more
};

/// Pure. `first` are the loop's threads at the deadline, `latest` the same at the end of the watch (empty: not looked),
/// `beat_path` the frames on which the heartbeat ran that ended the block (empty: none did).
inline finding examine(std::span<named_stack const> first, std::span<named_stack const> latest,
                       std::span<frame const> beat_path, bool was_left, bool on_strand)
{
    // A loop that is not Asio's, behind an executor of the user's own, calls its handlers some other way.
    bool const asio_calls = beat_path.empty() || position_of(beat_path, true) == position::handler;
    auto const is = [](position p) { return [p](named_stack const& s) { return s.where == p; }; };
    auto const runs_nothing = [](named_stack const& s) {
        return s.where == position::outside || s.missing == gap::thread_gone;
    };

    finding found;
    auto const holder = std::ranges::find_if(first, is(position::handler));
    if (holder != first.end()) {
        found.shown = static_cast<std::size_t>(holder - first.begin());
    } else if (asio_calls && !first.empty()) {
        // A thread that waits for work would have taken the heartbeat, were it given a CPU. Only in a strand it may be
        // queued behind a handler on a thread that has not run it before. What can't be looked at leaves it open.
        bool const strand = on_strand || std::ranges::any_of(beat_path, [](frame const& f) {
                                return origin_of(f.function, f.module, f.file) == code_origin::asio &&
                                       f.function.find("strand") != f.function.npos;
                            });
        found.not_run = std::ranges::all_of(first, runs_nothing);
        found.blocked = !std::ranges::all_of(
            first, [&](named_stack const& s) { return runs_nothing(s) || (s.where == position::parked && !strand); });
        // With no stack at all, a loop that is known to be left and entered again gets the benefit of the doubt.
        if (was_left && std::ranges::all_of(first, [](named_stack const& s) { return s.missing == gap::recovered; }))
            found.blocked = false;
        auto const better = std::ranges::find_if(first, is(position::unknown));
        if (better != first.end()) found.shown = static_cast<std::size_t>(better - first.begin());
    }
    found.left_since = !latest.empty() && asio_calls && std::ranges::all_of(latest, runs_nothing);
    // Seen in no handler then, and out of the loop now: it was about to leave, or to end its thread.
    if (found.left_since && holder == first.end() && std::ranges::any_of(first, is(position::parked)))
        found.blocked = false;
    return found;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
