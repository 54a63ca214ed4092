// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/atomic_pointer.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The memory that every thread has at the same distance from its thread pointer: the thread-local variables of the
/// program and of what was loaded with it, and libc's own data of a thread.
struct thread_areas {
    struct area {
        std::ptrdiff_t begin{0};  // distance from the thread pointer
        std::size_t size{0};
    };
    fixed<area, 64> areas{};
    std::size_t size{0};

    [[nodiscard]] view<area const> all() const { return {areas.data(), size}; }
};

/// Null until they are looked up, which takes a lock of the loader. Heartbeats must not wait, and only use known ones.
LOOPWATCH_SHARED inline constinit atomic_pointer<thread_areas const> known_thread_areas{};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
