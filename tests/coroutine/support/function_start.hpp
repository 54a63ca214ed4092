// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/detail/config.hpp>

#include <cstdint>

#include <unwind.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The start of the function that an address is in, by its unwind information; 0 if there is none.
///
/// A stand-in for a lookup in the capture's own module tables: with glibc before 2.35 it takes the loader's lock, which
/// a loop may hold that is blocked in dlopen.
struct unwinder_function_start {
    std::uintptr_t operator()(std::uintptr_t address) const noexcept
    {
        if (address == 0) return 0;
        // libgcc takes it for a return address and looks one byte before.
        return reinterpret_cast<std::uintptr_t>(::_Unwind_FindEnclosingFunction(reinterpret_cast<void*>(address + 1)));
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
