// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../maybe.hpp"

#include <cstdint>
#include <type_traits>

// Where Asio's coroutines keep what we look for: a few offsets, measured where Asio is known (coroutines.hpp) and
// kept for the whole process, so that the core can use them without a type of Asio's.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// In bytes. The first three from the start of a coroutine's promise; the last within what `attached_thread` points at.
struct awaitable_layout {
    std::uint16_t handle;           // the coroutine's own handle
    std::uint16_t attached_thread;  // the awaitable_thread that runs it: null unless it is the one that runs
    std::uint16_t caller;           // the promise that awaits it
    std::uint16_t bottom_of_stack;  // the promise at the end of the callers

    friend bool operator==(awaitable_layout const&, awaitable_layout const&) = default;
};
static_assert(std::is_trivially_copyable_v<awaitable_layout>);

/// Keeps it for the process, from any thread, in any order, also before main and while a library is loaded. False if
/// there is none, or no room for another.
LOOPWATCH_DECL bool remember(maybe<awaitable_layout> layout) noexcept;

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
