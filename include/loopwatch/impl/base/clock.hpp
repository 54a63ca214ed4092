// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <chrono>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Monotonic, and readable in a signal handler: clock_gettime is async-signal-safe by POSIX.
using clock = std::chrono::steady_clock;
using time_point = clock::time_point;
using std::chrono::nanoseconds;

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
