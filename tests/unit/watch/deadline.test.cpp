// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/watch/deadline.hpp>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

time_point at(nanoseconds since_start) { return time_point{} + 1h + since_start; }

// Threshold 10 ms, interval 2.5 ms, as in most of what follows.
constexpr heartbeat_timing quick = heartbeat_timing::of(10ms, 2500us);

}  // namespace

TEST_CASE("a heartbeat_timing keeps its promise: a block of threshold + interval is always long enough", "[deadline]")
{
    auto const [threshold, interval] = GENERATE(table<nanoseconds, nanoseconds>(
        {{10ms, 2500us}, {10ms, 10ms}, {100ms, 25ms}, {1s, 250ms}, {1ms, 250us}, {5ms, 1ms}}));
    auto const r = heartbeat_timing::of(threshold, interval);
    // The heartbeat that shows a block is sent at most one period into it, and has to wait threshold + slack.
    CHECK(r.period + r.threshold + r.slack < threshold + interval);
    CHECK(r.period > 0ns);
    CHECK(r.slack >= 0ns);
}

TEST_CASE("a heartbeat is due at once, and then a period after the last was sent", "[deadline]")
{
    deadline d{quick, at(0ms)};
    CHECK(d.at(at(0ms)) == verdict::due);
    d.sent(at(0ms));
    CHECK(d.at(at(0ms)) == verdict::in_time);
    CHECK_FALSE(d.beat(at(10us)));
    CHECK(d.at(at(10us)) == verdict::resting);
    CHECK(d.next_look(at(10us)) == at(quick.period));
    CHECK(d.at(at(quick.period)) == verdict::due);
}

TEST_CASE("while a heartbeat is out, the watch looks after it once a period, and at its deadline", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.sent(at(0ms));
    CHECK(d.next_look(at(0ms)) == at(quick.period));
    // After a handler of 3 ms the next heartbeat must not wait for the deadline of this one.
    CHECK(d.next_look(at(quick.period)) == at(quick.period * 2));
    CHECK(d.next_look(at(9900us)) == at(10ms));
    d.excuse(at(1ms), at(4ms));
    CHECK(d.next_look(at(12900us)) == at(13ms));
}

TEST_CASE("a heartbeat that runs in time is no block", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.sent(at(0ms));
    CHECK(d.at(at(10ms) - 1ns) == verdict::in_time);
    CHECK_FALSE(d.so_far(at(9ms)));
    CHECK_FALSE(d.beat(at(10ms) - 1ns));
}

TEST_CASE("the deadline is missed at the threshold, counted from when the heartbeat was sent", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.sent(at(3ms));
    CHECK(d.at(at(13ms) - 1ns) == verdict::in_time);
    CHECK(d.at(at(13ms)) == verdict::missed);
    CHECK(d.due_at() == at(13ms));
}

TEST_CASE("what the loop needs between two handlers does not make a block", "[deadline]")
{
    // A handler of 9.95 ms, after which the loop looked at its reactor for 60 us before it ran the heartbeat.
    deadline d{quick, at(0ms)};
    d.sent(at(0ms));
    CHECK_FALSE(d.beat(at(10ms + 10us)));
}

TEST_CASE("a block's length is bounded by the heartbeat that waited and by the one before", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.sent(at(0ms));
    CHECK_FALSE(d.beat(at(1ms)));
    d.sent(at(3ms));
    auto const block = d.beat(at(53ms));
    REQUIRE(block);
    CHECK(block->at_least == 50ms - quick.slack);
    CHECK(block->at_most == 52ms);
    CHECK_FALSE(d.waiting());
}

TEST_CASE("a heartbeat that ran before its own stamp has waited no time", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.sent(at(5ms));
    CHECK_FALSE(d.beat(at(4ms)));
}

TEST_CASE("a block under way grows", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.sent(at(0ms));
    REQUIRE(d.so_far(at(20ms)));
    CHECK(d.so_far(at(20ms))->at_least == 20ms - quick.slack);
    CHECK(d.so_far(at(30ms))->at_least == 30ms - quick.slack);
    CHECK(d.waiting());
}

TEST_CASE("a late watchdog blames nobody", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.sent(at(0ms));

    SECTION("outstanding deadlines move by as much")
    {
        d.excuse(at(2ms), at(2002ms));  // stopped for 2 s
        CHECK(d.at(at(2005ms)) == verdict::in_time);
        CHECK(d.due_at() == at(2010ms));
        CHECK(d.at(at(2010ms)) == verdict::missed);
        CHECK_FALSE(d.beat(at(2009ms)));
    }
    SECTION("a true block beside it keeps its own part")
    {
        d.excuse(at(2ms), at(2002ms));
        auto const block = d.beat(at(2030ms));
        REQUIRE(block);
        CHECK(block->at_least == 30ms - quick.slack);
        CHECK(block->at_most == 2030ms);
    }
    SECTION("only the time in which the heartbeat waited is moved")
    {
        d.excuse(at(-5ms), at(1ms));
        CHECK(d.due_at() == at(11ms));
    }
    SECTION("nothing carries over to the next heartbeat")
    {
        d.excuse(at(2ms), at(2002ms));
        CHECK_FALSE(d.beat(at(2003ms)));
        d.sent(at(2005ms));
        CHECK(d.due_at() == at(2015ms));
    }
}

TEST_CASE("a watch that can't send asks again a period later", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.postpone(at(7ms));
    CHECK(d.at(at(7ms)) == verdict::resting);
    CHECK(d.at(at(7ms) + quick.period) == verdict::due);
    CHECK(d.last_beat() == at(7ms));
}

TEST_CASE("a heartbeat waits for a loop only while somebody runs that", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.sent(at(0ms));
    d.unattended(at(7ms));
    d.attended(at(9ms));
    CHECK(d.at(at(18ms)) == verdict::in_time);
    CHECK(d.at(at(19ms)) == verdict::missed);
    auto const block = d.beat(at(39ms));
    REQUIRE(block);
    CHECK(block->at_least == 30ms - quick.slack);
    CHECK(block->at_most == 32ms);  // from when nobody ran it last
}

TEST_CASE("a wait of exactly the threshold is a block, and of a moment less is none", "[deadline]")
{
    deadline d{quick, at(0ms)};
    d.sent(at(0ms));
    auto const just = at(quick.threshold + quick.slack);
    CHECK(d.so_far(just));
    CHECK_FALSE(d.so_far(just - 1ns));
    d.excuse(at(1ms), at(2ms));
    CHECK_FALSE(d.so_far(just));
    CHECK(d.forgiven(just));
    CHECK_FALSE(d.forgiven(just - 1ns));
    CHECK(d.so_far(just + 1ms));
    CHECK_FALSE(d.forgiven(just + 1ms));
}
