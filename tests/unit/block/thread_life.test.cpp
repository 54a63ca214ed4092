// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/block/thread_life.hpp>

#include <chrono>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

TEST_CASE("counters are differences, and unknown where one of the two is", "[thread_life]")
{
    constexpr time_point sent_at{1h};
    thread_life life;
    CHECK_FALSE(spent_by(life));
    life.from = {true, sent_at, 5ms, 1ms, 3};
    CHECK_FALSE(spent_by(life));
    life.to = {true, sent_at + 100ms, 35ms, 41ms, 9};
    auto const spent = spent_by(life);
    REQUIRE(spent);
    CHECK(spent->all == 100ms);
    CHECK(spent->on_cpu == 30ms);
    CHECK(spent->run_delay == 40ms);
    CHECK(spent->run_delay_counted);
    life.from.run_delay_counted = false;
    CHECK_FALSE(spent_by(life)->run_delay_counted);
    life.from.known = false;
    CHECK_FALSE(spent_by(life));
    life.from.known = true;
    life.to.known = false;
    CHECK_FALSE(spent_by(life));
    life.to.known = true;
    life.to.at = life.from.at;
    CHECK_FALSE(spent_by(life));
}
