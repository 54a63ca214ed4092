// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/exact/tick_clock.hpp>

#include <chrono>
#include <cstdint>

namespace tick_clock_test {

using namespace loopwatch::detail;
using namespace std::chrono_literals;

/// 2.5 ticks a nanosecond, from some number on.
constexpr std::uint64_t ticks_at(nanoseconds since_start)
{
    return 1'000'000'000'000U + static_cast<std::uint64_t>(since_start.count()) * 5 / 2;
}
constexpr time_point at(nanoseconds since_start) { return time_point{} + 24h + since_start; }
constexpr clock_pair pair_at(nanoseconds since_start) { return {ticks_at(since_start), at(since_start)}; }

constexpr nanoseconds off(time_point a, time_point b) { return a > b ? a - b : b - a; }

tick_clock begun()
{
    tick_clock clock;
    clock.begin(pair_at(0ms), pair_at(1ms));
    return clock;
}

TEST_CASE("ticks are told as time points", "[exact][portable]")
{
    auto clock = begun();
    CHECK(off(clock.time_of(ticks_at(700us), at(2ms)), at(700us)) < 10ns);
    CHECK(off(clock.time_of(ticks_at(1500us), at(2ms)), at(1500us)) < 10ns);
    CHECK(clock.ticks_in(10ms) == 25'000'000);
    for (nanoseconds now = 10ms; now < 60s; now += 10ms) clock.note(pair_at(now));
    CHECK(off(clock.time_of(ticks_at(59s), at(60s)), at(59s)) < 1us);
}

TEST_CASE("no stamp is of the future", "[exact][portable]")
{
    CHECK(begun().time_of(ticks_at(5ms), at(2ms)) == at(2ms));
}

TEST_CASE("the rate of the kernel's clock is followed", "[exact][portable]")
{
    auto clock = begun();
    // From here on that goes on more slowly, by 500 ppm.
    auto const slower = [](nanoseconds since) { return clock_pair{ticks_at(since), at(since - since / 2000)}; };
    nanoseconds now = 10ms;
    for (; now < 30s; now += 10ms) clock.note(slower(now));
    CHECK(off(clock.time_of(slower(now - 1s).ticks, slower(now).at), slower(now - 1s).at) < 2us);
}

TEST_CASE("what was stamped while the machine was suspended is of after that", "[exact][portable]")
{
    auto clock = begun();
    for (nanoseconds now = 10ms; now <= 1s; now += 10ms) clock.note(pair_at(now));
    SECTION("the ticks went on")
    {
        clock.note({ticks_at(3600s + 1010ms), at(1010ms)});
        CHECK(off(clock.time_of(ticks_at(990ms), at(1010ms)), at(990ms)) < 100us);  // before it
        time_point const between = clock.time_of(ticks_at(1001ms), at(1010ms));
        CHECK(between >= at(1s));
        CHECK(between <= at(1010ms));
        CHECK(off(clock.time_of(ticks_at(3600s + 1009ms), at(1010ms)), at(1009ms)) < 100us);
    }
    SECTION("the ticks began anew")
    {
        clock.note({5'000'000, at(1010ms)});
        CHECK(clock.time_of(4'000'000, at(1010ms)) >= at(1s));
        clock.note({5'000'000 + 25'000'000, at(1020ms)});
        CHECK(off(clock.time_of(5'000'000 + 24'000'000, at(1020ms)), at(1020ms - 400us)) < 100us);
    }
}

}  // namespace tick_clock_test
