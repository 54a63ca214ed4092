// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../base/view.hpp"
#include "../capture/snapshot.hpp"
#include "../symbolize/code_origin.hpp"
#include "../unwind/trace.hpp"
#include "position.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Which handler a thread was in, as far as its stack tells one from another.
///
/// A scheduler calls a handler through its operation's do_complete(). Until that returns, nothing in the frame that
/// called it changes: not the registers that calls preserve, one of which mostly holds the operation's address; nor the
/// memory of the frame, if its function does nothing else. So two stacks that differ there show two handlers. Two that
/// do not differ may show one or two.
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

/// Pure. For snapshots that tell which frame called the handler.
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

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
