// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/suite/test_filter.hpp>

using loopwatch::detail::matches_filter;

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
