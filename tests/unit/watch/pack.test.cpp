// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/watch/pack.hpp>

#include <chrono>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

seen_thread reading_at(nanoseconds at, thread_number thread, nanoseconds run_delay)
{
    seen_thread t{};
    t.stack.thread = t.reading.thread = thread;
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

TEST_CASE("a wait for a CPU that is not over counts as well", "[pack]")
{
    constexpr time_point sent_at{1h};
    raw_block raw;
    raw.first = {seen_thread{}};
    thread_life life{.name = {}, .from = {true, sent_at, 5ms, 1ms, 3}, .to = {true, sent_at + 100ms, 5ms, 1ms, 3}};
    auto const waiting = [&] { return pending_run_delay(raw, life, 7); };
    auto const see = [&](seen_thread& t, nanoseconds at, char state, thread_counters const& counters) {
        t.stack.thread = t.reading.thread = 7;
        t.reading.at = sent_at + at;
        t.reading.state = state;
        t.reading.counters = counters;
    };
    CHECK(waiting() == 0ms);  // asleep
    SECTION("since the heartbeat waits, if it has not run at all")
    {
        see(raw.first[0], 10ms, 'R', life.to);
        CHECK(waiting() == 100ms);
    }
    SECTION("since it was last given up, if it has run")
    {
        life.to = {true, sent_at + 100ms, 9ms, 1ms, 4};
        see(raw.first[0], 10ms, 'R', {true, sent_at + 10ms, 7ms, 1ms, 4});
        raw.later = {{seen_thread{}}, {seen_thread{}}};
        see(raw.later[0][0], 30ms, 'R', life.to);
        see(raw.later[1][0], 40ms, 'R', life.to);
        CHECK(waiting() == 70ms);
    }
    SECTION("not that of another thread, nor of one whose counters have moved")
    {
        see(raw.first[0], 10ms, 'R', {true, sent_at + 10ms, 3ms, 1ms, 3});
        raw.later = {{seen_thread{}}};
        see(raw.later[0][0], 30ms, 'R', life.to);
        raw.later[0][0].stack.thread = raw.later[0][0].reading.thread = 8;
        CHECK(waiting() == 0ms);
    }
    SECTION("nothing where the kernel does not count")
    {
        see(raw.first[0], 10ms, 'R', {});
        life.to = {};
        CHECK(waiting() == 0ms);
    }
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
