// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "options.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// How Catch2's, Boost.Test's and doctest's test cases are watched. GoogleTest's have gtest_options.
struct suite_options {
    /// Whether all test cases are watched, not only those with the tag, or with the decorator.
    bool all{false};

    /// How each test case is watched. With on_block::log blocks are logged, and fail no test.
    options watch{};
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
