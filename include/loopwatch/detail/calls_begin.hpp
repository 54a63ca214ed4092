// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Where the frames end that a thread will call from where an object is that was made or handed over at `guard_frame`:
/// below the object, if it stands on the stack, as it should; else below the function that made it.
[[nodiscard]] inline std::uintptr_t calls_begin(void const* object, std::uintptr_t guard_frame) noexcept
{
    constexpr std::uintptr_t largest_stack = 8 << 20;
    auto const here = reinterpret_cast<std::uintptr_t>(object);
    return here > guard_frame && here - guard_frame < largest_stack ? here + 1 : guard_frame;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
