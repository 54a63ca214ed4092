// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What a loop is known by in Asio's own list of the loops that a thread runs.
///
/// Each thread has one, in which run(), poll() and their like enter their scheduler for as long as they last, the
/// innermost first: Asio asks it whether a handler may be run at once. So whether a thread runs this loop, or another,
/// or none, need not be guessed from its stack.
///
/// The strands whose handlers a thread runs stand in a list of the same make, of which a strand is known alike.
struct scheduler_identity {
    std::uintptr_t address{0};  // of the scheduler, which is what stands in the list; 0: not known
    std::size_t size{0};        // of that object; of a strand it is not known
    std::ptrdiff_t list{0};     // where the list of a thread begins, from its thread pointer

    [[nodiscard]] bool known() const { return address != 0; }
};

/// Of a context, given as its base class that every context of its Asio has.
using scheduler_finder = scheduler_identity (*)(void* context);

/// Set where that Asio is known (schedulers.hpp), before main. Zero: its loops are told apart by their stacks. A
/// number, for a std::atomic of a type of its own would be fourteen kilobytes of every file with a guard.
template <typename AsioContext>
inline constinit std::atomic<std::intptr_t> finder_for{0};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
