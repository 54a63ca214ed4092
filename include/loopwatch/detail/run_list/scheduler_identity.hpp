// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Identifies a loop in Asio's own per-thread list of the loops that a thread runs.
///
/// run(), poll() and the like enter their scheduler in this list while they last, the innermost first; Asio uses it to
/// decide whether a handler may run at once. It tells for certain whether a thread runs this loop, another, or none.
///
/// A similar list has the strands whose handlers a thread runs; a strand is identified in the same way.
struct scheduler_identity {
    std::uintptr_t address{0};  // of the scheduler or strand, which is the key in the list; 0: unknown
    std::size_t size{0};        // of the scheduler; unknown for a strand
    std::ptrdiff_t list{0};     // offset of the list's head from the thread pointer

    [[nodiscard]] bool known() const { return address != 0; }
};

/// Finds the identity of a context, given as a pointer to its base class, its Asio's execution_context.
using scheduler_finder = scheduler_identity (*)(void* context);

/// The scheduler_finder of an Asio, set before main by a file that knows it (schedulers.hpp). Zero: loops are told
/// apart by stacks. An integer: a std::atomic of a pointer would be fourteen kilobytes in every file with a guard.
template <typename AsioContext>
inline constinit std::atomic<std::intptr_t> finder_for{0};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
