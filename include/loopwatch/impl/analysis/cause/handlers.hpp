// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../block_report.hpp"
#include "../../../detail/config.hpp"
#include "../../base/clock.hpp"
#include "../../base/view.hpp"
#include "../../capture/snapshot.hpp"
#include "../../evidence/reading.hpp"
#include "../../symbolize/code_origin.hpp"
#include "../position.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Which handler a thread was in, as far as its stack tells one from another.
///
/// A scheduler calls a handler through its operation's do_complete(). While that has not returned, nothing in the frame
/// that called it changes: not the registers that calls preserve, one of which mostly holds the operation's address,
/// and, if that frame is of a function that does nothing else, not its memory. So two stacks that differ there are of
/// two handlers. Two that do not differ may be of one or of two.
struct handler_seen {
    bool known{false};        // the stack tells
    bool between{false};      // in the loop, but in no handler
    std::string function;     // the operation's do_complete: its type is the handler's
    frame_mark caller;        // of what called it
    std::uint32_t memory{0};  // what that frame holds; 0: not known, or it may change
};

/// Whether the frame of this function holds nothing that changes while it calls a handler.
[[nodiscard]] inline bool only_calls_handlers(std::string_view function)
{
    auto const name = without_arguments(qualified_name(function));
    return name.ends_with("scheduler_operation::complete") || name.ends_with("scheduler::do_run_one");
}

/// Pure. Where it is known which frame has called the handler.
inline handler_seen handler_before(view<frame const> stack, snapshot const& s)
{
    handler_seen seen;
    seen.known = true;
    seen.caller = s.marks[s.inner_frames];
    std::size_t physical = 0;
    for (frame const& f : stack) {
        if (f.inlined) continue;
        if (physical == s.inner_frames - 1) seen.function = f.function;
        if (physical == s.inner_frames && only_calls_handlers(f.function)) seen.memory = s.contents[s.inner_frames];
        ++physical;
    }
    return seen;
}

/// Pure.
inline handler_seen handler_in(view<frame const> stack, position where, snapshot const& s)
{
    handler_seen seen;
    seen.known = where == position::handler || where == position::parked;
    seen.between = where == position::parked;
    if (where != position::handler) return seen;
    if (s.where == standing::handler && s.inner_frames > 0 && s.inner_frames < s.size) return handler_before(stack, s);
    // Only frames of their own have marks; the functions inlined into one come before it.
    std::size_t physical = 0;
    std::size_t outermost = 0;
    std::string_view caller;
    for (frame const& f : stack) {
        if (is_handler_call(f)) {
            outermost = physical;
            seen.function = f.function;
            caller = {};
        }
        if (f.inlined) continue;
        if (!seen.function.empty() && physical == outermost + 1) caller = f.function;
        ++physical;
    }
    if (outermost + 1 >= s.size) return seen;
    seen.caller = s.marks[outermost + 1];
    if (only_calls_handlers(caller)) seen.memory = s.contents[outermost + 1];
    return seen;
}

/// Whether these are certainly two handlers.
[[nodiscard]] inline bool different(handler_seen const& a, handler_seen const& b)
{
    if (!a.known || !b.known) return false;
    if (a.between || b.between) return a.between != b.between;
    return a.function != b.function || a.caller.contradicts(b.caller) ||
           (a.memory != 0 && b.memory != 0 && a.memory != b.memory);
}

/// When a thread was seen, and how long it had waited for a CPU by then. The kernel adds up a wait when it is over.
struct seen_when {
    nanoseconds at{};            // since the block began
    nanoseconds run_delay{};     // all waits that were over
    nanoseconds pending{};       // so long it may have been waiting already
    nanoseconds counted_late{};  // by so much after `at`
};

/// The next after `before`, where a thread's counters stood like this. Not moved, it may have waited ever since; else
/// at most for as long as it was on no CPU, without the waits that are certainly over. Pure.
inline seen_when next_seen(seen_when const& before, thread_counters const& then, nanoseconds at,
                           thread_counters const& now)
{
    seen_when seen{at, now.run_delay, {}, {}};
    nanoseconds const distance = now.at - then.at;
    bool const moved = now.slices != then.slices || now.on_cpu != then.on_cpu;
    nanoseconds const over = std::max(nanoseconds{0}, now.run_delay - then.run_delay - before.pending);
    seen.pending =
        moved ? std::max(nanoseconds{0}, distance - (now.on_cpu - then.on_cpu) - over) : before.pending + distance;
    return seen;
}

/// What of the time between these two a handler may have taken: what it certainly waited for a CPU is not its own.
/// Pure.
[[nodiscard]] inline nanoseconds own_between(seen_when const& from, seen_when const& to)
{
    nanoseconds const waited = to.run_delay - from.run_delay - from.pending - to.counted_late;
    return std::max(nanoseconds{0}, to.at - from.at - std::max(nanoseconds{0}, waited));
}

/// How many handlers ran during a block, at least, and for how long one of them was seen, at most.
struct handlers_seen {
    std::size_t count{0};
    nanoseconds longest{};  // from the first to the last sample that may be of one handler
    /// What one of them took at most: the time between the samples before and after it. One that was seen first or last
    /// may have begun long before, or gone on for long.
    nanoseconds briefest{nanoseconds::max()};
};

/// Pure. `seen` and when they were, in order.
inline handlers_seen count_handlers(view<handler_seen const> seen, view<seen_when const> when)
{
    handlers_seen all;
    std::size_t since = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (i > 0 && different(seen[i - 1], seen[i])) {
            if (since > 0 && !seen[since].between)
                all.briefest = std::min(all.briefest, own_between(when[since - 1], when[i]));
            since = i;
        }
        if (since == i && !seen[i].between) ++all.count;
        all.longest = std::max(all.longest, own_between(when[since], when[i]));
    }
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
