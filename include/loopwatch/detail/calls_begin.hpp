// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// An upper bound for the stack addresses of the calls that follow where `object` was made or handed over, in a
/// function whose frame ends at `guard_frame`: just above the object's address if it is on the stack, else
/// `guard_frame`.
[[nodiscard]] inline std::uintptr_t calls_begin(void const* object, std::uintptr_t guard_frame) noexcept
{
    constexpr std::uintptr_t largest_stack = 8 << 20;
    auto const here = reinterpret_cast<std::uintptr_t>(object);
    return here > guard_frame && here - guard_frame < largest_stack ? here + 1 : guard_frame;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
