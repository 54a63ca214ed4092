// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../base/view.hpp"
#include "../symbolize/code_origin.hpp"

#include <cstddef>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Where a thread is, as seen from the loop that it is to run.
enum class position {
    handler,  // in a handler
    parked,   // in the loop, but in no handler: it waits, or looks for work
    outside,  // not in the loop at all
    unknown   // the stack does not say
};

/// Pure. A scheduler of Asio calls every handler through an operation's do_complete(), whose address is taken, so that
/// it stays a function of its own at any optimization; this has been so from Asio 1.10 to 1.36, in the reactor,
/// io_uring and IOCP. A heartbeat may be such an operation of its own.
inline bool is_handler_call(frame const& f)
{
    auto const origin = origin_of(f);
    return (origin == code_origin::asio || origin == code_origin::loopwatch) &&
           qualified_name(f.function).ends_with("::do_complete");
}

/// Pure. How many frames, from the innermost on, belong to the handler: through the outermost call of one, for a
/// handler may run a loop of its own. 0: the stack shows no handler.
inline std::size_t frames_of_handler(view<frame const> stack)
{
    std::size_t n = stack.size();
    while (n > 0 && !is_handler_call(stack[n - 1])) --n;
    return n;
}

/// Pure. By the names on its stack. A heartbeat that waits means nothing while nobody runs the loop: before run(),
/// after an exception left it, between two calls of poll() or run_for(). stopped() tells of none of these, but the
/// stack does.
inline position position_of(view<frame const> stack, bool complete)
{
    if (frames_of_handler(stack) > 0) return position::handler;
    bool in_asio = false;
    bool named = !stack.empty();
    for (frame const& f : stack) {
        // Of the system's libraries only exported names are known everywhere, and none of them is a handler.
        if (f.function.empty() && !is_system_module(f.module)) named = false;
        in_asio = in_asio || origin_of(f) == code_origin::asio;
    }
    if (!complete || !named) return position::unknown;
    return in_asio ? position::parked : position::outside;
}

/// Pure. Whether Asio calls the loop's handlers. A loop of the user's own, behind an executor, calls them in another
/// way. `by_list`: Asio's lists tell which threads run the loop. `beat_path`: the stack on which the heartbeat ran that
/// ended the block; empty: none did.
inline bool asio_calls_handlers(bool by_list, view<frame const> beat_path)
{
    return by_list || beat_path.empty() || position_of(beat_path, true) == position::handler;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
