// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "options.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// How a listener watches a suite of tests.
struct suite_options {
    /// Every test, and not only those that ask for it.
    bool all{false};

    /// How each is watched. With on_block::log blocks are logged and fail nothing.
    options watch{};
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
