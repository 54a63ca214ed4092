// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/options.hpp>

#include <limits>

using namespace std::chrono_literals;
using loopwatch::options;
using loopwatch::detail::validated;

TEST_CASE("good options pass, and the interval is a quarter of the threshold unless it is given", "[options]")
{
    CHECK(validated({}).threshold == 100ms);
    CHECK(validated({}).heartbeat_interval == 25ms);
    CHECK(validated({.threshold = 10ms}).heartbeat_interval == 2500us);
    CHECK(validated({.threshold = 10ms, .heartbeat_interval = 10ms}).heartbeat_interval == 10ms);
    CHECK(validated({.threshold = 1ns}).heartbeat_interval == 1ns);
}

TEST_CASE("bad options throw, and name the field and the value", "[options]")
{
    struct bad {
        options given;
        char const* field;
        char const* value;
    };
    auto const [given, field, value] = GENERATE(values<bad>({
        {{.threshold = 0ms}, "options.threshold", "0 ms"},
        {{.threshold = -5ms}, "options.threshold", "-5 ms"},
        {{.threshold = -7ns}, "options.threshold", "-7 ns"},
        {{.heartbeat_interval = -1us}, "options.heartbeat_interval", "-1 us"},
        {{.threshold = 10ms, .heartbeat_interval = 11ms},
         "options.heartbeat_interval",
         "11 ms with a threshold of 10 ms"},
        {{.action = static_cast<loopwatch::on_block>(7)}, "options.action", "7"},
        {{.baseline_factor = 0.5}, "options.baseline_factor", "0.5"},
        {{.baseline_factor = -1}, "options.baseline_factor", "-1"},
        {{.baseline_factor = std::numeric_limits<double>::infinity()}, "options.baseline_factor", "inf"},
        {{.baseline_factor = std::numeric_limits<double>::quiet_NaN()}, "options.baseline_factor", "nan"},
        {{.library_code = "third_party/*,"}, "options.library_code", "\"third_party/*,\""},
        {{.library_code = "vendor:*"}, "options.library_code", "\"vendor:*\""},
        {{.scope = static_cast<loopwatch::watch_scope>(7)}, "options.scope", "7"},
    }));
    try {
        static_cast<void>(validated(given));
        FAIL("accepted " << field << ' ' << value);
    } catch (std::invalid_argument const& e) {
        CHECK_THAT(e.what(), contains(field));
        CHECK_THAT(e.what(), contains(value));
    }
}

TEST_CASE("a threshold beyond all time is never reached, and overflows nothing", "[options]")
{
    auto const o = validated({.threshold = std::chrono::nanoseconds::max()});
    auto const due = std::chrono::steady_clock::now() + o.threshold + o.heartbeat_interval;
    CHECK(due > std::chrono::steady_clock::now() + std::chrono::hours{24 * 365});
}
