// SPDX-License-Identifier: BSL-1.0
#pragma once

// Catch2 2.13 and 3: the same tests with either.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#define LOOPWATCH_TEST_CONTAINS(text) Catch::Matchers::ContainsSubstring(text)
#else
#include <catch2/catch.hpp>
#define LOOPWATCH_TEST_CONTAINS(text) Catch::Matchers::Contains(text)
#endif

template <typename Text>
auto contains(Text&& text)
{
    return LOOPWATCH_TEST_CONTAINS(std::forward<Text>(text));
}
