// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../maybe.hpp"
#include "awaitable_layout.hpp"

#include <coroutine>
#include <cstddef>
#include <type_traits>

// Reads the offsets of an awaitable's internals from its own types. Only the promise type is named, which the language
// makes public. The rest is found by member name and checked, so that an Asio with other internals gives an empty
// result rather than an error or a wrong offset.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Asio's members are protected: a derived class may name them, in itself. The probes are never constructed.
//
// The requires-expressions depend on `Self`: otherwise a missing member would be an error instead of false.
template <typename Promise>
struct promise_probe : Promise {
    template <typename Self = promise_probe>
    static constexpr bool fits()
    {
        if constexpr (requires {
                          Self::coro_;
                          Self::attached_thread_;
                          Self::caller_;
                      })
            return std::is_same_v<decltype(Self::coro_), std::coroutine_handle<>> &&
                   std::is_pointer_v<decltype(Self::attached_thread_)> && std::is_pointer_v<decltype(Self::caller_)> &&
                   sizeof(std::coroutine_handle<>) == sizeof(void*);
        else
            return false;
    }

    template <typename Self = promise_probe>
    static constexpr auto thread()
    {
        return std::type_identity<std::remove_pointer_t<decltype(Self::attached_thread_)>>{};
    }

    /// The type that callers point to: the base class of every promise, in which the offsets are the same for all.
    template <typename Self = promise_probe>
    static constexpr auto base()
    {
        return std::type_identity<std::remove_pointer_t<decltype(Self::caller_)>>{};
    }
};

#if defined(__GNUC__)
#pragma GCC diagnostic push
// With a member that is not of standard layout offsetof is not required to work: gcc and clang warn, but do it right.
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
#endif

template <typename Base>
struct frame_base_probe : Base {
    template <typename Self = frame_base_probe>
    static constexpr awaitable_layout layout()
    {
        return {static_cast<std::uint16_t>(offsetof(Self, coro_)),
                static_cast<std::uint16_t>(offsetof(Self, attached_thread_)),
                static_cast<std::uint16_t>(offsetof(Self, caller_)), 0};
    }
};

template <typename Thread>
struct thread_probe : Thread {
    // By its size the awaitable must be only a pointer to its promise.
    template <typename Self = thread_probe>
    static constexpr bool fits()
    {
        if constexpr (requires { Self::bottom_of_stack_; })
            return sizeof(Self::bottom_of_stack_) == sizeof(void*) && std::is_class_v<decltype(Self::bottom_of_stack_)>;
        else
            return false;
    }

    template <typename Self = thread_probe>
    static constexpr std::size_t bottom_of_stack()
    {
        return offsetof(Self, bottom_of_stack_);
    }
};

/// The layout of a promise type; empty if its internals are not as expected.
template <typename Promise>
constexpr maybe<awaitable_layout> awaitable_layout_of()
{
    using promise = promise_probe<Promise>;
    if constexpr (promise::fits()) {
        using base = typename decltype(promise::base())::type;
        using thread = typename decltype(promise::thread())::type;
        if constexpr (std::is_base_of_v<base, Promise> && std::is_class_v<thread>) {
            if constexpr (thread_probe<thread>::fits()) {
                awaitable_layout layout = frame_base_probe<base>::layout();
                layout.bottom_of_stack = static_cast<std::uint16_t>(thread_probe<thread>::bottom_of_stack());
                return layout;
            } else {
                return nothing;
            }
        } else {
            return nothing;
        }
    } else {
        return nothing;
    }
}

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
