// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/heartbeat.hpp"
#include "pulse.hpp"

#include <atomic>
#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

LOOPWATCH_DECL void retain(pulse& p) noexcept { p.refs_.fetch_add(1, std::memory_order_relaxed); }
LOOPWATCH_DECL void release(pulse& p) noexcept
{
    if (p.refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete &p;
}

LOOPWATCH_DECL void beat(pulse& p) noexcept { p.beat(); }
LOOPWATCH_DECL void lost(pulse& p) noexcept { p.lost(); }
LOOPWATCH_DECL void* allocate_in(pulse& p, std::size_t size) { return p.memory.allocate(size); }
LOOPWATCH_DECL void deallocate_in(pulse& p, void* memory) noexcept { p.memory.deallocate(memory); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
