// SPDX-License-Identifier: BSL-1.0
#pragma once

// Includes Catch2: 2.13's single header, 3's separate headers, or what was included above, 3's amalgamated one too.

#include "../config.hpp"

#if !defined(CATCH_VERSION_MAJOR) || (CATCH_VERSION_MAJOR >= 3 && !defined(CATCH_AMALGAMATED_HPP_INCLUDED))
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_case_info.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/catch_translate_exception.hpp>
#include <catch2/catch_version_macros.hpp>
#include <catch2/internal/catch_assertion_handler.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#if __has_include(<catch2/internal/catch_test_failure_exception.hpp>)
#include <catch2/internal/catch_test_failure_exception.hpp>
#endif
#elif __has_include(<catch2/catch.hpp>)
#include <catch2/catch.hpp>
#else
#error "loopwatch/catch2.hpp found no <catch2/...>: include Catch2 above it"
#endif
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

template <typename T>
#if CATCH_VERSION_MAJOR >= 3
using catch2_matcher_base = Catch::Matchers::MatcherBase<T>;
#else
using catch2_matcher_base = Catch::MatcherBase<T>;
#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
