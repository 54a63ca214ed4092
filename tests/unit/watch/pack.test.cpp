// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/analysis/cause/course.hpp>
#include <loopwatch/impl/watch/pack.hpp>

#include <chrono>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

seen_thread reading_at(nanoseconds at, thread_number thread, nanoseconds run_delay)
{
    seen_thread t{};
    t.reading.thread = thread;
    t.reading.counters = {.known = true, .at = time_point{at}, .on_cpu = at - run_delay, .run_delay = run_delay};
    return t;
}

}  // namespace

TEST_CASE("of a thread that has ended the last reading counts", "[pack]")
{
    raw_block raw;
    CHECK(!last_counters(raw, 7).known);
    raw.first = {reading_at(10ms, 8, 1ms), reading_at(10ms, 7, 2ms)};
    CHECK(last_counters(raw, 7).run_delay == 2ms);
    raw.later = {{reading_at(20ms, 7, 5ms)}, {reading_at(30ms, 7, 9ms), reading_at(30ms, 8, 3ms)}, {seen_thread{}}};
    CHECK(last_counters(raw, 7).run_delay == 9ms);
    CHECK(last_counters(raw, 8).run_delay == 3ms);
    CHECK(!last_counters(raw, 9).known);
}

TEST_CASE("what a newcomer has waited counts from the first look, or else from its beginning", "[pack]")
{
    auto const first = reading_at(10ms, 7, 6ms).reading.counters;
    auto const last = reading_at(30ms, 7, 9ms).reading.counters;
    CHECK(first_counters(first, last, time_point{}).run_delay == 6ms);
    auto const since_birth = first_counters(first, first, time_point{1ms});
    CHECK(since_birth.known);
    CHECK(since_birth.at == time_point{1ms});
    CHECK(since_birth.run_delay == 0ms);
    CHECK(!first_counters(first, {}, time_point{}).known);
    CHECK(first_counters({}, last, time_point{1ms}).run_delay == 0ms);
}

TEST_CASE("a wait for a CPU that began before the count takes nothing from the time on one", "[pack]")
{
    thread_life life;
    life.from = {.known = true, .at = time_point{100ms}, .on_cpu = 5ms, .run_delay = 1ms};
    life.to = {.known = true, .at = time_point{200ms}, .on_cpu = 85ms, .run_delay = 301ms};
    auto const spent = spent_by(life);
    REQUIRE(spent);
    CHECK(spent->on_cpu == 80ms);
    CHECK(spent->run_delay == 20ms);
    CHECK(waited_for_cpu(life) == 300ms);  // of one that had nothing else to do
}
