// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <atomic>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A std::atomic<T*> that shares one std::atomic<void*> among all T: each std::atomic<T*> declares ninety functions,
/// which add 15 KB of debug information to every file that compiles the implementation.
template <typename T>
class atomic_pointer {
public:
    LOOPWATCH_INLINED constexpr atomic_pointer() noexcept {}

    [[nodiscard]] LOOPWATCH_INLINED T* load(std::memory_order order) const noexcept
    {
        return static_cast<T*>(one_.load(order));
    }
    LOOPWATCH_INLINED void store(T* one, std::memory_order order) noexcept { one_.store(erased(one), order); }
    LOOPWATCH_INLINED bool compare_exchange_strong(T*& expected, T* one, std::memory_order order) noexcept
    {
        void* seen = erased(expected);
        bool const done = one_.compare_exchange_strong(seen, erased(one), order);
        if (!done) expected = static_cast<T*>(seen);  // on success `expected` may be part of what is now published
        return done;
    }
    LOOPWATCH_INLINED bool compare_exchange_weak(T*& expected, T* one, std::memory_order order) noexcept
    {
        return compare_exchange_strong(expected, one, order);
    }

private:
    LOOPWATCH_INLINED static void* erased(T* one) noexcept { return const_cast<void*>(static_cast<void const*>(one)); }

    std::atomic<void*> one_{nullptr};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
