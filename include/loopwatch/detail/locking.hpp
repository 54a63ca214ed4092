// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "asio_at_hand.hpp"
#include "config.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Which parts of an Asio context are protected by locks.
struct context_locking {
    bool queue{true};
    bool io{true};
};

/// Pure. Decodes a concurrency hint. If its upper half marks it as special, its lowest bits say what is locked: the
/// scheduler, the reactor's registration, and its I/O.
[[nodiscard]] constexpr context_locking locking_of(int concurrency_hint) noexcept
{
    auto const hint = static_cast<unsigned>(concurrency_hint);
    if ((hint & 0xFFFF0000U) != 0xA5100000U) return {};
    return {.queue = (hint & 1U) != 0, .io = (hint & 6U) == 6U};
}

/// `macros`: the prefix of that library's macros, for the message.
///
/// Throws: std::invalid_argument if the context lacks locks, so that another thread may not post to it.
LOOPWATCH_DECL void require_locking(context_locking has, char const* macros);

/// Checks a context that has a scheduler: by its concurrency hint before Asio 1.33, by its configuration since then.
template <typename Names, typename Context>
void require_locking(Context& context)
{
    auto const* const scheduler = scheduler_of<Names>(context);
    if (scheduler == nullptr) return;
    if constexpr (requires { scheduler->concurrency_hint(); }) {
        require_locking(locking_of(scheduler->concurrency_hint()), Names::macros);
    } else if constexpr (requires { typename Names::config; }) {
        typename Names::config const config{context};
        require_locking(
            {.queue = config.get("scheduler", "locking", true),
             .io = config.get("reactor", "io_locking", true) && config.get("reactor", "registration_locking", true)},
            Names::macros);
    }
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
