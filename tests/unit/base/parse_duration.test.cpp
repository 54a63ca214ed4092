// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/base/parse_duration.hpp>

using loopwatch::detail::parse_duration;
using namespace std::chrono_literals;

TEST_CASE("a duration as people write it", "[parse_duration][portable]")
{
    struct good {
        char const* text;
        std::chrono::nanoseconds value;
    };
    auto const [text, value] = GENERATE(values<good>({
        {"50ms", 50ms},
        {"0ms", 0ns},
        {"1ns", 1ns},
        {"250us", 250us},
        {"2s", 2s},
        {"2min", 2min},
        {"1.5s", 1500ms},
        {"0.3ms", 300us},
        {"0.25min", 15s},
        {"12.345678ms", 12'345'678ns},
        {"0.000000001s", 1ns},
        {"1.0ns", 1ns},
        {"007ms", 7ms},
        {"9223372036854775807ns", std::chrono::nanoseconds::max()},
        {"9223372036.854775807s", std::chrono::nanoseconds::max()},
    }));
    INFO(text);
    CHECK(parse_duration(text) == value);
}

TEST_CASE("what is no duration", "[parse_duration][portable]")
{
    auto const* const text = GENERATE(values<char const*>({
        "",
        "50",
        "0",
        "ms",
        ".5s",
        "5.s",
        "-5ms",
        "+5ms",
        " 5ms",
        "5 ms",
        "5ms ",
        "5MS",
        "5m",
        "5sec",
        "1e3ms",
        "0x5ms",
        "1,5s",
        "1.2.3s",
        "0.5ns",
        "0.01ns",
        "0.00000000001min",
        "0.000000000001min",
        "1.0000001ms",
        "9223372036854775808ns",
        "9223372036.854775808s",
        "153722868min",
        "99999999999999999999s",
    }));
    INFO(text);
    CHECK_FALSE(parse_duration(text));
}
