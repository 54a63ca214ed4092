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

/// Pure. Only physical frames have marks; the functions that were inlined into one come before it.
inline handler_seen handler_in(view<frame const> stack, position where, snapshot const& s)
{
    handler_seen seen;
    seen.known = where == position::handler || where == position::parked;
    seen.between = where == position::parked;
    if (where != position::handler) return seen;
    // How many physical frames belong to the handler; the next one called it.
    std::size_t inner = s.inner_frames;
    if (s.where != standing::handler || inner == 0 || inner >= s.size) {
        inner = 0;
        for (frame const& f : stack.first(frames_of_handler(stack)))
            if (!f.inlined) ++inner;
    }
    if (inner == 0) return seen;
    std::size_t physical = 0;
    for (frame const& f : stack) {
        if (f.inlined) continue;
        if (physical == inner - 1) seen.function = f.function;
        if (physical == inner && inner < s.size && only_calls_handlers(f.function)) seen.memory = s.contents[inner];
        ++physical;
    }
    if (inner < s.size) seen.caller = s.marks[inner];
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
