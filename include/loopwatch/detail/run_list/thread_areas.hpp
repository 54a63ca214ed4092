// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The memory that every thread has at the same place, counted from its thread pointer: the thread-local variables of
/// the program and of what was loaded with it, and libc's own words of a thread.
struct thread_areas {
    struct area {
        std::ptrdiff_t begin{0};
        std::size_t size{0};
    };
    std::array<area, 64> areas{};
    std::size_t size{0};

    [[nodiscard]] std::span<area const> all() const { return {areas.data(), size}; }
};

/// Null until they were looked up, which takes a lock of the loader's: heartbeats only use what is known.
LOOPWATCH_SHARED inline constinit std::atomic<thread_areas const*> known_thread_areas{nullptr};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
