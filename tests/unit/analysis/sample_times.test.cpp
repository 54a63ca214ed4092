// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <loopwatch/impl/analysis/cause/sample_times.hpp>

#include <chrono>
#include <cstdint>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

TEST_CASE("for as long as a thread waited for a CPU its handler took no time", "[sample_times]")
{
    auto const counters = [](nanoseconds at, nanoseconds on_cpu, nanoseconds run_delay, std::uint64_t slices) {
        return thread_counters{true, time_point{at}, on_cpu, run_delay, slices};
    };
    auto const first = counters(10ms, 4ms, 0ms, 1);
    seen_when const before{10ms, 0ms, 0ms, 0ms};
    SECTION("what is over")
    {
        auto const next = next_seen(before, first, 60ms, counters(60ms, 14ms, 40ms, 5));
        CHECK(next.pending == 0ms);
        CHECK(own_between(before, next) == 10ms);
    }
    SECTION("what goes on is taken off only for certain: it may have begun before")
    {
        auto const waiting = counters(60ms, 14ms, 10ms, 2);
        auto const next = next_seen(before, first, 60ms, waiting);
        CHECK(next.pending == 30ms);
        CHECK(own_between(before, next) == 40ms);
        auto const still = counters(70ms, 14ms, 10ms, 2);
        auto const later = next_seen(next, waiting, 70ms, still);
        CHECK(later.pending == 40ms);
        auto const last = next_seen(later, still, 80ms, counters(80ms, 19ms, 55ms, 3));
        CHECK(last.pending == 0ms);
        CHECK(own_between(later, last) == 5ms);
        CHECK(own_between(before, last) == 15ms);
    }
    SECTION("a thread that sleeps did not wait")
    {
        auto const next = next_seen(before, first, 60ms, counters(60ms, 4ms, 0ms, 2));
        CHECK(own_between(before, next) == 50ms);
    }
    SECTION("nothing of what was counted after it was seen")
    {
        seen_when const next{60ms, 40ms, 0ms, 15ms};
        CHECK(own_between(before, next) == 25ms);
    }
}

TEST_CASE("a sample is of when the thread was asked for it", "[sample_times]")
{
    auto const counted = [](nanoseconds taken, nanoseconds read, nanoseconds run_delay) {
        named_look look = made::look(taken, made::handler());
        look.reading.counters = {.known = true,
                                 .at = made::began_at + read,
                                 .on_cpu = read - run_delay,
                                 .run_delay = run_delay,
                                 .slices = 2};
        return look;
    };
    named_thread thread = made::thread({counted(30ms, 10ms, 0ms), counted(40ms, 45ms, 5ms)}, made::life(50ms));
    auto const times = sample_times(thread, made::began_at);
    REQUIRE(times.size() == 2);
    CHECK(times[0].at == 10ms);  // it answered only when it was given a CPU
    CHECK(times[0].pending == 0ms);
    CHECK(times[1].at == 40ms);
    CHECK(times[1].run_delay == 5ms);
    CHECK(times[1].counted_late == 5ms);
    SECTION("of one that was met only then, it is not known how long it had waited")
    {
        thread.life.since_seen = true;
        auto const met = sample_times(thread, made::began_at);
        CHECK(met[0].pending > 1h);
        CHECK(own_between(met[0], met[1]) == 30ms);
    }
    SECTION("where nothing is counted, of when its stack was taken")
    {
        thread.looks[0].reading.counters = {};
        CHECK(sample_times(thread, made::began_at)[0].at == 30ms);
        CHECK(sample_times(thread, made::began_at)[1].at == 40ms);
    }
}
