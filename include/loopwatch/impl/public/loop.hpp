// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/coroutine/awaitable_layout.hpp"
#include "../../detail/executor_kind.hpp"
#include "../../detail/locking.hpp"
#include "../../detail/loop.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/owned.hpp"
#include "../coroutine/awaitable_layouts.hpp"
#include "../loop/executor_name.hpp"
#include "../watch/runtime.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

LOOPWATCH_DECL loop_ptr::~loop_ptr() { delete loop_; }
LOOPWATCH_DECL owned<loop> loop_ptr::released() && { return owned<loop>{std::exchange(loop_, nullptr)}; }

LOOPWATCH_DECL executor_kind executor_kind_by_name(char const* type, char const* held)
{
    std::string_view const own = type;
    // Other wrappers of executors may do anything with what is posted.
    if (held != nullptr && !own.starts_with("N4asio") && !own.starts_with("N5boost4asio")) return executor_kind::other;
    std::string_view const name = held != nullptr ? held : type;
    if (names_context_executor(name)) return executor_kind::context;
    return names_strand(name) ? executor_kind::strand : executor_kind::other;
}

LOOPWATCH_DECL bool is_asios_by_name(char const* type, char const* held)
{
    if (executor_kind_by_name(type, held) == executor_kind::context) return true;
    return names_strand_of_context(held != nullptr ? held : type);
}

LOOPWATCH_DECL void require_locking(context_locking has, char const* macros)
{
    if (has.queue && has.io) return;
    std::string text = "loopwatch: a context with ";
    text += macros;
    text += has.queue ? "CONCURRENCY_HINT_UNSAFE_IO" : "CONCURRENCY_HINT_UNSAFE";
    text += has.queue ? " (no reactor.io_locking)" : " (no scheduler.locking)";
    throw std::invalid_argument{text + " can't be watched: heartbeats are posted to it by another thread"};
}

LOOPWATCH_DECL bool remember(maybe<awaitable_layout> layout) noexcept
{
    return layout && process_awaitable_layouts.add(*layout);
}

LOOPWATCH_DECL void context_shut_down(void const* context) { runtime::context_shut_down(context); }
LOOPWATCH_DECL void context_destroyed(void const* context) { runtime::context_destroyed(context); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
