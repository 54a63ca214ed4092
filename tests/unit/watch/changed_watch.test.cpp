// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include "unit/watch/kept_watch.hpp"

// A watch that is changed, paused and resumed while its loop does whatever it does.
namespace made_up {

using phases::awake;
using phases::blocked;
using phases::dormant;
using phases::over;
using phases::paused;

namespace {

constexpr auto longer = heartbeat_timing::of(100ms, 25ms);
constexpr auto shorter = heartbeat_timing::of(4ms, 1ms);

void change(kept_watch& kept, heartbeat_timing to, nanoseconds when)
{
    kept.threads.time = at(when);
    kept.keeper.change(*kept.w, to, at(when), time_point::max());
}
void pause(kept_watch& kept, nanoseconds when)
{
    kept.threads.time = at(when);
    kept.keeper.pause(*kept.w);
}
void resume(kept_watch& kept, nanoseconds when)
{
    kept.threads.time = at(when);
    kept.keeper.resume(*kept.w);
}

}  // namespace

// --- other times ---

TEST_CASE("what waits when the threshold is raised is judged by the new one", "[watch_keeper]")
{
    kept_watch kept{GENERATE(runners::known, runners::unknown)};
    kept.step(0ms);
    change(kept, longer, 9ms);
    CHECK(kept.step(9ms) > 10ms);
    CHECK(kept.step(50ms) <= 100ms);
    CHECK(kept.is_in<awake>());

    SECTION("and is no block below it")
    {
        kept.run_beat(100ms);
        kept.step(100ms);
        CHECK(kept.blocks() == 0);
    }
    SECTION("and is one above it, from its beginning")
    {
        kept.step(100ms);
        CHECK(kept.is_in<blocked>());
        kept.run_beat(130ms);
        kept.step(130ms);
        REQUIRE(kept.blocks() == 1);
        CHECK(kept.last().length.at_least == 130ms - longer.slack);
        CHECK(kept.last().threshold == 100ms);
    }
}

TEST_CASE("what waits when the threshold is lowered is judged by the new one", "[watch_keeper]")
{
    kept_watch kept{GENERATE(runners::known, runners::unknown)};
    kept.step(0ms);
    change(kept, longer, 0ms);
    change(kept, shorter, 20ms);
    CHECK(kept.step(20ms) <= 21ms);
    CHECK(kept.is_in<blocked>());
    kept.run_beat(30ms);
    kept.step(30ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 30ms - shorter.slack);
    CHECK(kept.last().threshold == 4ms);
}

TEST_CASE("what has ended before the threshold was lowered is judged by the old one", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.run_beat(9ms);
    change(kept, shorter, 9500us);
    kept.step(9600us);
    CHECK(kept.blocks() == 0);
    CHECK(kept.w->timing.threshold == 4ms);
}

TEST_CASE("a block is one for good, whatever the threshold is later", "[watch_keeper]")
{
    kept_watch kept;

    SECTION("one under way")
    {
        kept.block_until(20ms);
        REQUIRE(kept.is_in<blocked>());
        change(kept, longer, 20ms);
        kept.step(21ms);
        CHECK(kept.is_in<blocked>());
        kept.run_beat(25ms);
        kept.step(25ms);
    }
    SECTION("one that the watchdog has not seen yet")
    {
        kept.step(0ms);
        change(kept, longer, 15ms);
        kept.run_beat(25ms);
        kept.step(25ms);
    }
    SECTION("one that has ended, of which the watchdog has not heard")
    {
        kept.step(0ms);
        kept.run_beat(25ms);
        change(kept, longer, 26ms);
        kept.step(27ms);
    }
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 25ms - kept_watch::timing.slack);
    CHECK(kept.last().threshold == 10ms);

    // The next one is judged by the new threshold.
    kept.step(60ms);
    REQUIRE(kept.w->beats->out());
    kept.run_beat(110ms);
    kept.step(110ms);
    CHECK(kept.blocks() == 1);
    CHECK(kept.w->timing.threshold == 100ms);
}

TEST_CASE("the next heartbeat is sent as the new interval wants it", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    change(kept, longer, 0ms);
    kept.run_beat(1ms);
    CHECK(kept.step(1ms) == 24ms);
    change(kept, shorter, 2ms);
    CHECK(kept.step(2ms) < 4ms);
    CHECK(kept.target->posted == 2);  // it was due 0.6 ms after the first
}

TEST_CASE("a loop that nobody runs is judged by the new threshold when somebody does", "[watch_keeper]")
{
    kept_watch kept;
    kept.leave(runner);
    kept.step(0ms);
    kept.step(20ms);
    REQUIRE(kept.is_in<dormant>());
    change(kept, longer, 21ms);
    kept.enter(runner);
    kept.step(100ms);
    REQUIRE(kept.is_in<awake>());
    kept.step(150ms);
    CHECK(kept.is_in<awake>());
    kept.step(200ms);
    CHECK(kept.is_in<blocked>());
}

// --- pause and resume ---

TEST_CASE("a paused watch sends nothing and wants no look", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.run_beat(1ms);
    pause(kept, 1ms);
    CHECK(kept.is_in<paused>());
    CHECK(kept.step(2ms) == nanoseconds::max());
    CHECK(kept.step(1s) == nanoseconds::max());
    CHECK(kept.target->posted == 1);
    CHECK(kept.host.searches == 0);
}

TEST_CASE("what is met during a pause is not reported", "[watch_keeper]")
{
    kept_watch kept{GENERATE(runners::known, runners::unknown)};
    kept.step(0ms);

    SECTION("by a heartbeat that runs during the pause")
    {
        pause(kept, 5ms);
        kept.run_beat(50ms);
        kept.step(51ms);
        resume(kept, 60ms);
        CHECK(kept.target->posted == 2);
        kept.run_beat(61ms);
    }
    SECTION("by a heartbeat that runs after it")
    {
        pause(kept, 5ms);
        resume(kept, 60ms);
        CHECK(kept.target->posted == 1);  // at most one is out
        CHECK(kept.step(65ms) <= 70ms);
        CHECK(kept.is_in<awake>());
        kept.run_beat(69ms);
    }
    kept.step(70ms);
    CHECK(kept.blocks() == 0);
    CHECK(kept.is_in<awake>());
}

TEST_CASE("a block that begins with the end of a pause is found", "[watch_keeper]")
{
    kept_watch kept{GENERATE(runners::known, runners::unknown)};
    bool const out = GENERATE(true, false);  // since before the pause
    kept.step(0ms);
    if (!out) kept.run_beat(1ms);
    pause(kept, 5ms);
    resume(kept, 1s);
    CHECK(kept.target->posted == (out ? 1 : 2));
    kept.step(1s + 1ms);
    kept.step(1s + 10ms);
    CHECK(kept.is_in<blocked>());
    kept.run_beat(1s + 13ms);
    kept.step(1s + 13ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 13ms - kept_watch::timing.slack);
    CHECK(kept.last().length.at_most == 13ms);
}

TEST_CASE("a block under way when the watch is paused counts up to that moment", "[watch_keeper]")
{
    kept_watch kept;
    kept.block_until(20ms);
    REQUIRE(kept.keeper.has_block(*kept.w, at(20ms), time_point::max(), true));
    watch_keeper::request_pause(*kept.w, at(20ms), stranger);
    kept.step(21ms);
    REQUIRE(kept.is_in<paused>());
    CHECK_FALSE(kept.w->end_requested);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 20ms - kept_watch::timing.slack);
    CHECK(kept.last().how == ending::watch);

    // Once: its heartbeat tells of nothing any more.
    kept.run_beat(30ms);
    kept.step(30ms);
    resume(kept, 31ms);
    kept.run_beat(32ms);
    kept.step(33ms);
    CHECK(kept.blocks() == 1);
}

TEST_CASE("a guard that ends does not pause, whoever asked for that", "[watch_keeper]")
{
    kept_watch kept;
    kept.block_until(20ms);
    bool const pause_first = GENERATE(true, false);
    if (pause_first) watch_keeper::request_pause(*kept.w, at(20ms), stranger);
    kept.request_end(20ms, stranger);
    if (!pause_first) watch_keeper::request_pause(*kept.w, at(20ms), stranger);
    kept.step(21ms);
    CHECK(kept.is_in<over>());
    CHECK(kept.blocks() == 1);
}

TEST_CASE("a context may go during a pause", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    pause(kept, 1ms);
    kept.keeper.context_gone(*kept.w, at(1s), time_point::max());
    CHECK(kept.is_in<over>());
    resume(kept, 2s);
    CHECK(kept.is_in<over>());
    CHECK(kept.blocks() == 0);
}

TEST_CASE("a stopped loop that is watched again is asked again and sent nothing", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.run_beat(1ms);
    pause(kept, 1ms);
    kept.target->is_stopped = true;
    resume(kept, 50ms);
    CHECK(kept.target->posted == 1);
    kept.target->is_stopped = false;
    kept.step(52ms);
    CHECK(kept.target->posted == 2);
}

TEST_CASE("a paused watch can be changed", "[watch_keeper]")
{
    kept_watch kept;
    pause(kept, 1ms);
    change(kept, shorter, 2ms);
    resume(kept, 3ms);
    kept.step(3500us);
    kept.step(8ms);
    CHECK(kept.is_in<blocked>());
}

}  // namespace made_up
