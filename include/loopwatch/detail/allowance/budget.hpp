// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

#include <chrono>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline constexpr std::chrono::nanoseconds no_budget = std::chrono::nanoseconds::max();

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
