// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <atomic>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Adds to a number that one thread at a time writes, and others read. Costs no more than with a plain number:
/// fetch_add() is for several writers.
template <typename Number>
void add_alone(std::atomic<Number>& to, Number what) noexcept
{
    to.store(to.load(std::memory_order_relaxed) + what, std::memory_order_relaxed);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
