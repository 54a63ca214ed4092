// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/suite/test_filter.hpp>

using loopwatch::detail::matches_filter;
using loopwatch::detail::matches_wildcards;

TEST_CASE("wildcards", "[portable]")
{
    CHECK(matches_wildcards("", ""));
    CHECK(matches_wildcards("*", ""));
    CHECK(matches_wildcards("a*c", "ac"));
    CHECK(matches_wildcards("a*c", "abcbc"));
    CHECK(matches_wildcards("*a*b*", "xaxxbx"));
    CHECK(matches_wildcards("a?c", "abc"));
    CHECK_FALSE(matches_wildcards("", "a"));
    CHECK_FALSE(matches_wildcards("a*c", "abcb"));
    CHECK_FALSE(matches_wildcards("a?c", "ac"));
    CHECK_FALSE(matches_wildcards("abc", "abcd"));
    CHECK_FALSE(matches_wildcards("*ab", "aab1"));
}

TEST_CASE("filters are those of GoogleTest", "[portable]")
{
    CHECK(matches_filter("*", "Net.Reads"));
    CHECK(matches_filter("Net.*:Http.*", "Http.Gets"));
    CHECK(matches_filter("Net.*-*.Slow*", "Net.Reads"));
    CHECK(matches_filter("-*.Slow*", "Net.Reads"));
    CHECK_FALSE(matches_filter("Net.*:Http.*", "Disk.Reads"));
    CHECK_FALSE(matches_filter("Net.*-*.Slow*", "Net.SlowReads"));
    CHECK_FALSE(matches_filter("-*.Slow*:Net.*", "Net.Reads"));
}
