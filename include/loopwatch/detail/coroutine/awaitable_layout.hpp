// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../maybe.hpp"

#include <cstdint>
#include <type_traits>

// Offsets of members in Asio's coroutine promises. Measured where Asio's types are known (coroutines.hpp), and kept for
// the whole process, so that the core can use them without Asio's types.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Offsets in bytes: the first three in a coroutine's promise, the last in the awaitable_thread.
struct awaitable_layout {
    std::uint16_t handle;           // the coroutine's own handle
    std::uint16_t attached_thread;  // pointer to the awaitable_thread; null unless this coroutine is the running one
    std::uint16_t caller;           // pointer to the promise that awaits this one
    std::uint16_t bottom_of_stack;  // pointer to the outermost promise of the chain of callers

    friend bool operator==(awaitable_layout const&, awaitable_layout const&) = default;
};
static_assert(std::is_trivially_copyable_v<awaitable_layout>);

/// Keeps a layout for the process. Thread safety: any thread, also before main and while a library is loaded. False if
/// it is empty, or there is no room for another.
LOOPWATCH_DECL bool remember(maybe<awaitable_layout> layout) noexcept;

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
