// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How long a block was: at least this, at most that.
struct duration_bounds {
    nanoseconds at_least{};
    nanoseconds at_most{};
    friend bool operator==(duration_bounds const&, duration_bounds const&) = default;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
