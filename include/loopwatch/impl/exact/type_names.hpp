// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstdint>

#if LOOPWATCH_HAS_UNWINDER()
#include "../../detail/exact/thread_record.hpp"

#include <atomic>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the compiler calls a type of operations, by its number: see handler_facts::type. Null: it is not known. What it
/// points to is never freed, nor changed.
[[nodiscard]] inline char const* operation_type_name(std::uint32_t type)
{
#if LOOPWATCH_HAS_UNWINDER()
    if (type < exact::most_types) return exact::state.names[type].load(std::memory_order_acquire);
#else
    static_cast<void>(type);
#endif
    return nullptr;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
