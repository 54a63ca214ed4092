// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <chrono>

#include <loopwatch/impl/vitals/loop_vitals.hpp>

// Not by a directive: the files of unit tests are compiled several at a time.
namespace loop_vitals_test {

using namespace std::chrono_literals;
using loopwatch::loop_state;
using loopwatch::detail::loop_totals;
using loopwatch::detail::loop_vitals;
using loopwatch::detail::nanoseconds;
using loopwatch::detail::recent_delay;
using loopwatch::detail::shared;
using loopwatch::detail::threads_time;
using loopwatch::detail::time_point;

time_point moment_at(nanoseconds since_start) { return time_point{} + 1h + since_start; }

struct fresh_vitals {
    shared<loop_totals> totals{new loop_totals};
    loop_vitals vitals{totals};
};

TEST_CASE("the longest delay of the last second", "[vitals]")
{
    recent_delay recent;
    CHECK(recent.longest(moment_at(0s)) == 0ns);
    recent.record(30ms, moment_at(100ms));
    recent.record(7ms, moment_at(200ms));
    recent.record(2ms, moment_at(300ms));
    CHECK(recent.longest(moment_at(300ms)) == 30ms);
    CHECK(recent.longest(moment_at(1100ms)) == 30ms);
    CHECK(recent.longest(moment_at(1249ms)) == 30ms);
    CHECK(recent.longest(moment_at(1250ms)) == 2ms);  // the quarter in which it was is over by a second
    CHECK(recent.longest(moment_at(1500ms)) == 0ns);
}

TEST_CASE("a quarter of a second that begins anew forgets what was in its place", "[vitals]")
{
    recent_delay recent;
    recent.record(30ms, moment_at(0ms));
    recent.record(1ms, moment_at(1250ms));
    CHECK(recent.longest(moment_at(1250ms)) == 1ms);
}

TEST_CASE("a delay of hours is one of an hour at least", "[vitals]")
{
    recent_delay recent;
    recent.record(30h, moment_at(0ms));
    CHECK(recent.longest(moment_at(0ms)) > 1h);
}

TEST_CASE("a loop that nobody has looked at yet is not watched, and waits for nothing", "[vitals]")
{
    fresh_vitals const fresh;
    CHECK(fresh.vitals.state() == loop_state::unwatched);
    CHECK(fresh.vitals.age(moment_at(0s)) == 0ns);
    CHECK(fresh.vitals.blocked_for(moment_at(0s)) == 0ns);
    CHECK(fresh.vitals.delay(moment_at(0s)) == 0ns);
}

TEST_CASE("a block grows between two looks", "[vitals]")
{
    fresh_vitals fresh;
    fresh.vitals.note({loop_state::blocked, moment_at(0ms), moment_at(-5ms), moment_at(200ms)});
    CHECK(fresh.vitals.blocked_for(moment_at(150ms)) == 150ms);
    CHECK(fresh.vitals.delay(moment_at(150ms)) == 150ms);
    CHECK(fresh.vitals.age(moment_at(150ms)) == 155ms);
}

TEST_CASE("what passes while the watchdog is late is no block, but the heartbeat ages", "[vitals]")
{
    fresh_vitals fresh;
    fresh.vitals.note({loop_state::blocked, moment_at(0ms), moment_at(-5ms), moment_at(200ms)});
    CHECK(fresh.vitals.blocked_for(moment_at(1h)) == 450ms);
    CHECK(fresh.vitals.age(moment_at(1h)) == 1h + 5ms);
}

TEST_CASE("a block that the watchdog need not look at again has no end", "[vitals]")
{
    fresh_vitals fresh;
    fresh.vitals.note({loop_state::blocked, moment_at(0ms), moment_at(-5ms), time_point::max()});
    CHECK(fresh.vitals.blocked_for(moment_at(1h)) == 1h);
}

TEST_CASE("a loop that nobody runs has no age", "[vitals]")
{
    fresh_vitals fresh;
    fresh.vitals.note({loop_state::unattended, {}, moment_at(0ms), moment_at(200ms)});
    CHECK(fresh.vitals.age(moment_at(1h)) == 0ns);
    CHECK(fresh.vitals.blocked_for(moment_at(1h)) == 0ns);
}

TEST_CASE("a wait that has ended is counted, one that lasts is not", "[vitals]")
{
    fresh_vitals fresh;
    fresh.vitals.note({.state = loop_state::answering, .alive_at = moment_at(0s), .look_at = moment_at(1s)});
    fresh.vitals.note_delay_so_far(3ms, moment_at(3ms));
    CHECK(fresh.totals->delays.read().count() == 0);
    CHECK(fresh.vitals.delay(moment_at(3ms)) == 3ms);
    fresh.vitals.note_delay(4ms, 25ms, moment_at(4ms));
    CHECK(fresh.totals->delays.read().count() == 1);
    CHECK(fresh.vitals.delay(moment_at(4ms)) == 4ms);
}

TEST_CASE("a watch that has ended or pauses has no delay, whatever it was before", "[vitals]")
{
    fresh_vitals fresh;
    fresh.vitals.note({.state = loop_state::answering, .alive_at = moment_at(0s), .look_at = moment_at(1s)});
    fresh.vitals.note_delay(80ms, 5ms, moment_at(0s));
    CHECK(fresh.vitals.delay(moment_at(100ms)) == 80ms);
    fresh.vitals.note({.state = loop_state::unwatched, .alive_at = moment_at(0s), .look_at = time_point::max()});
    CHECK(fresh.vitals.delay(moment_at(100ms)) == 0ns);
}

TEST_CASE("the CPU time of threads counts from when each was first read", "[vitals]")
{
    threads_time times;
    CHECK(times.since_last(1, 10s) == 0ns);
    CHECK(times.since_last(2, 20s) == 0ns);
    CHECK(times.since_last(1, 10s + 3ms) == 3ms);
    CHECK(times.since_last(1, 10s + 3ms) == 0ns);
    CHECK(times.since_last(2, 20s + 1ms) == 1ms);
    CHECK(times.since_last(1, 5ms) == 0ns);  // another thread of the same number
    CHECK(times.since_last(1, 6ms) == 1ms);
}

TEST_CASE("of many threads the one that was read longest ago gives way", "[vitals]")
{
    threads_time times;
    for (int thread = 1; thread <= static_cast<int>(threads_time::max) + 1; ++thread) {
        static_cast<void>(times.since_last(thread, 1s));
        CHECK(times.since_last(thread, 2s) == 1s);
    }
    CHECK(times.since_last(2, 3s) == 1s);
    CHECK(times.since_last(1, 3s) == 0ns);
}

}  // namespace loop_vitals_test
