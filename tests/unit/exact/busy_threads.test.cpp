// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/exact/busy_threads.hpp>

#include <chrono>

namespace busy_threads_test {

using namespace loopwatch::detail;
using namespace std::chrono_literals;

thread_counters read(nanoseconds when, nanoseconds run_delay)
{
    thread_counters c;
    c.known = true;
    c.at = time_point{} + when;
    c.run_delay = run_delay;
    return c;
}

TEST_CASE("a thread's wait for a CPU is bounded by the last look before", "[exact][portable]")
{
    busy_threads threads;
    CHECK(threads.since(1, time_point{} + 5ms, read(6ms, 1ms)) == 1ms);  // all that it ever waited
    threads.note(1, read(1ms, 100us), time_point{});
    threads.note(1, read(4ms, 150us), time_point{} + 3ms);
    threads.note(2, read(4ms, 9ms), time_point{} + 3ms);
    CHECK(threads.since(1, time_point{} + 5ms, read(6ms, 160us)) == 10us);
    CHECK(threads.since(1, time_point{} + 3ms, read(6ms, 160us)) == 60us);
    CHECK(threads.since(1, time_point{}, read(6ms, 160us)) == 160us);
    CHECK_FALSE(threads.since(1, time_point{} + 5ms, {}));
    for (thread_number other = 3; other < 3000; ++other) threads.note(other, read(10ms, 0ms), time_point{} + 9ms);
    CHECK(threads.since(1, time_point{} + 5ms, read(6ms, 160us)) == 160us);
    CHECK(threads.since(2999, time_point{} + 11ms, read(12ms, 1ms)) == 1ms);
}

TEST_CASE("however often a thread is looked at in a handler, the last look before it is known", "[exact][portable]")
{
    busy_threads threads;
    threads.note(1, read(1ms, 100us), time_point{});
    for (nanoseconds now = 4ms; now < 20ms; now += 4ms) threads.note(1, read(now, 150us), time_point{} + 3ms);
    CHECK(threads.since(1, time_point{} + 3ms, read(20ms, 160us)) == 60us);
    CHECK(threads.since(1, time_point{} + 13ms, read(20ms, 160us)) == 10us);  // of one within it
    CHECK(threads.since(1, time_point{}, read(20ms, 160us)) == 160us);
    threads.note(1, read(21ms, 170us), time_point{} + 20ms);  // the next one
    CHECK(threads.since(1, time_point{} + 3ms, read(21ms, 160us)) == 60us);
}

TEST_CASE("what a thread waited before a handler, since one that was seen long ago, is not the handler's",
          "[exact][portable]")
{
    busy_threads threads;
    threads.note(1, read(1ms, 0us), time_point{});
    for (nanoseconds now = 4ms; now < 1s; now += 4ms) threads.note_between_handlers(1, read(now, now / 10));
    threads.note(1, read(1s, 100ms), time_point{} + 997ms);
    CHECK(threads.since(1, time_point{} + 997ms, read(1s, 100ms)) == 400us);
    threads.note_between_handlers(1, read(1004ms, 101ms));
    threads.note(1, read(1008ms, 102ms), time_point{} + 1007ms);
    CHECK(threads.since(1, time_point{} + 997ms, read(1s, 100ms)) == 400us);  // it has ended meanwhile
    CHECK(threads.since(1, time_point{} + 1007ms, read(1008ms, 102ms)) == 1ms);
}

}  // namespace busy_threads_test
