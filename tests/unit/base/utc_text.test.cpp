// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/base/utc_text.hpp>

#include <chrono>

using namespace loopwatch::detail;

TEST_CASE("times are told in UTC, to the microsecond", "[portable]")
{
    using namespace std::chrono_literals;
    using at = std::chrono::system_clock::time_point;
    CHECK(utc_text(at{}) == "1970-01-01T00:00:00.000000Z");
    CHECK(utc_text(at{1'700'000'000s + 123'456us}) == "2023-11-14T22:13:20.123456Z");
    CHECK(utc_text(at{951'782'399s + 999'999us}) == "2000-02-28T23:59:59.999999Z");
    CHECK(utc_text(at{951'782'400s}) == "2000-02-29T00:00:00.000000Z");
    CHECK(utc_text(at{-1us}) == "1969-12-31T23:59:59.999999Z");
}
