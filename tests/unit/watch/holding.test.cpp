// SPDX-License-Identifier: BSL-1.0

// What a watch makes of the handlers that threads write down: exact mode. No thread, no clock, no loop.
#include "support/catch.hpp"

#include "kept_watch.hpp"

#include <cstdint>

namespace holding_test {

using namespace made_up;
using loopwatch::watch_scope;
using made_up::at;  // and no other file's

/// A loop with a threshold of 10 ms, whose threads write down their handlers. The watch began at 0 ms.
struct exact_loop : kept_watch {
    explicit exact_loop(watch_scope scope = watch_scope::loop)
        : kept_watch{runners::known, {.threshold = 10ms, .scope = scope}, true}
    {
    }

    /// The thread begins a handler, within those that it is in.
    void begin(nanoseconds when, thread_number thread = runner)
    {
        std::uint32_t place = 0;
        for (seen_handler const& one : host.running) place += one.thread == thread ? 1 : 0;
        seen_handler one{.thread = thread, .began = at(when), .frame = call_of(thread) - 8 - place};
        one.place = place;
        one.stamp = ++last_stamp;
        std::size_t after = 0;  // a thread's together
        while (after < host.running.size() && host.running[after].thread <= thread) ++after;
        many<seen_handler> all;
        all.append(view<seen_handler const>{host.running}.first(after));
        all.push_back(one);
        all.append(view<seen_handler const>{host.running}.subspan(after));
        host.running = all;
    }
    /// The innermost handler of the thread ends, and says so if it is awaited.
    void end(nanoseconds when, thread_number thread = runner)
    {
        many<seen_handler> rest;
        seen_handler last;
        for (seen_handler const& one : host.running)
            if (one.thread == thread) last = one;
        for (seen_handler const& one : host.running)
            if (!one.is_same_as(last)) rest.push_back(one);
        host.running = rest;
        for (seen_handler const& one : host.awaited)
            if (one.is_same_as(last)) host.ends[one.stamp] = at(when);
    }
    /// The watchdog has looked at all threads, and then at this loop.
    nanoseconds look(nanoseconds when)
    {
        w->exact->seen = seen_activity{!host.running.empty(), at(when)};
        return step(when);
    }

    std::uint64_t last_stamp{0};
};

constexpr nanoseconds never = nanoseconds::max();

TEST_CASE("a loop that runs no handler is asked nothing, and not looked at again by itself", "[exact]")
{
    exact_loop loop;
    CHECK(loop.look(1ms) == never);
    CHECK(loop.target->posted == 0);
    CHECK(loop.is_in<phases::awake>());
}

TEST_CASE("a loop that runs handlers is asked once a period", "[exact]")
{
    exact_loop loop;
    loop.begin(1ms);
    CHECK(loop.look(1100us) == 1100us + exact_loop::timing.period);
    CHECK(loop.target->posted == 1);
    loop.end(1200us);
    loop.run_beat(1201us);
    CHECK(loop.look(2600us) == never);
    CHECK(loop.blocks() == 0);
}

TEST_CASE("a loop that was seen at rest is believed to have rested until then, and no longer", "[exact]")
{
    exact_loop loop;
    loop.w->exact->seen = seen_activity{false, at(1ms)};
    loop.begin(2ms);  // before its turn comes to be looked at
    loop.step(3ms);
    loop.look(6ms);
    loop.step(12ms);
    loop.end(20ms);
    loop.step(20100us);
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least == 18ms);
}

TEST_CASE("a handler that is long is a block from its own beginning to its own end", "[exact]")
{
    exact_loop loop;
    loop.begin(1ms);
    loop.look(1100us);
    CHECK(loop.host.awaited.empty());
    CHECK(loop.look(4ms) == 11ms);  // its deadline, and nothing before it
    REQUIRE(loop.host.awaited.size() == 1);
    loop.step(11ms);
    CHECK(loop.is_in<phases::blocked>());
    loop.end(21ms);
    loop.step(21100us);
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().how == ending::handler);
    CHECK(loop.last().length.at_least == 20ms);
    CHECK(loop.last().length.at_most == 20ms);
    CHECK(loop.last().sent_at == at(1ms));
    CHECK(loop.last().handler.known);
    CHECK(loop.is_in<phases::awake>());
    loop.run_beat(21200us);
    loop.step(22ms);
    CHECK(loop.blocks() == 1);
}

TEST_CASE("a handler of the threshold is a block, one that is shorter is none", "[exact]")
{
    auto const [length, blocks] = GENERATE(table<nanoseconds, std::size_t>({{10ms, 1}, {9999us, 0}}));
    // Also if the watchdog is late, and looks when it is over.
    auto const look_at = GENERATE(nanoseconds{11ms}, nanoseconds{11500us});
    exact_loop loop;
    loop.begin(1ms);
    loop.look(1100us);
    loop.look(4ms);
    loop.end(1ms + length);
    loop.run_beat(1ms + length + 5us);
    loop.step(look_at);
    CHECK(loop.blocks() == blocks);
    if (blocks == 1) CHECK(loop.last().length.at_least == 10ms);
}

TEST_CASE("two long handlers in a row are two blocks, though one heartbeat waits for both", "[exact]")
{
    exact_loop loop;
    loop.begin(1ms);
    loop.look(1100us);
    loop.look(4ms);
    loop.step(11ms);
    loop.end(16ms);
    loop.begin(16ms);
    loop.step(16100us);
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least == 15ms);
    loop.step(20ms);
    loop.step(26ms);
    loop.end(40ms);
    loop.run_beat(40010us);
    loop.step(40100us);
    REQUIRE(loop.blocks() == 2);
    CHECK(loop.last().length.at_least == 24ms);
    REQUIRE(loop.last().lives.size() == 1);
    CHECK(loop.last().lives[0].from.at == at(16100us));
}

TEST_CASE("short handlers that keep a heartbeat waiting are a backlog, told by their types", "[exact]")
{
    exact_loop loop;
    loop.host.counts = {0, 3, 5};
    loop.begin(0ms);
    loop.look(100us);
    for (nanoseconds now = 1ms; now < 12ms; now += 1ms) {
        loop.end(now);
        loop.begin(now);
        loop.look(now + 500us);
    }
    CHECK(loop.is_in<phases::blocked>());
    loop.host.counts = {1, 3, 45};
    loop.end(14ms);
    loop.run_beat(14ms);
    loop.step(14100us);
    REQUIRE(loop.blocks() == 1);
    CHECK_FALSE(loop.last().handler.known);
    CHECK(loop.last().ran_all == 41);
    REQUIRE(loop.last().ran_types == 2);
    CHECK(loop.last().ran[0].type == 2);
    CHECK(loop.last().ran[0].count == 40);
    CHECK(loop.last().ran[1].count == 1);
}

TEST_CASE("handlers half as long as the threshold that keep a heartbeat waiting are a backlog, too", "[exact]")
{
    exact_loop loop;
    loop.begin(0ms);
    loop.look(100us);
    nanoseconds next = 1500us;
    for (nanoseconds now = 500us; now < 31ms; now += 500us) {
        if (now % 6ms == 1ms) {
            loop.end(now);
            loop.begin(now);
        }
        if (now >= next) next = loop.step(now);
    }
    CHECK(loop.is_in<phases::blocked>());
    loop.end(31ms);
    loop.run_beat(31ms);
    loop.step(31100us);
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least == 31ms - 100us - exact_loop::timing.slack);  // all that the heartbeat waited
    REQUIRE(loop.last().lives.size() == 1);
    CHECK(loop.last().lives[0].from.at == at(100us));  // and so of all of it is known whether the thread had a CPU
}

TEST_CASE("a handler within which the loop ran others does not hold it", "[exact]")
{
    exact_loop loop;
    loop.begin(1ms);
    loop.look(1100us);
    SECTION("now: the loop waits for work in a nested run")
    {
        // The nested call's element is further in than the handler's frame.
        loop.all[runner].calls[loop_address] = exact_loop::call_of(runner) - 100;
        loop.look(4ms);
        CHECK(loop.host.awaited.empty());
    }
    SECTION("before: the heartbeat ran, by a nested run that is over")
    {
        loop.look(4ms);
        loop.run_beat(6ms);
        loop.step(11ms);
        CHECK(loop.blocks() == 0);
        CHECK_FALSE(loop.is_in<phases::blocked>());
        SECTION("but from then on it does")
        {
            loop.look(11ms);
            loop.step(16ms);
            CHECK(loop.is_in<phases::blocked>());
            loop.end(30ms);
            loop.step(30100us);
            REQUIRE(loop.blocks() == 1);
            CHECK(loop.last().length.at_least == 24ms);
        }
    }
}

TEST_CASE("of a pool all threads have to be held, from when the last of them is", "[exact]")
{
    exact_loop loop;
    loop.enter(second);
    loop.begin(1ms);
    loop.look(1100us);
    loop.look(11ms);
    CHECK(loop.host.awaited.empty());
    loop.run_beat(11100us, second);
    loop.begin(12ms, second);
    loop.look(12500us);
    loop.look(16ms);
    CHECK(loop.host.awaited.size() == 2);
    loop.step(22ms);
    CHECK(loop.is_in<phases::blocked>());
    SECTION("until one of them is free")
    {
        loop.end(26ms);
        loop.begin(26ms);  // which it shows by another handler
        loop.step(26100us);
    }
    SECTION("and it is free also if it begins no other")
    {
        loop.end(26ms);
        loop.step(26100us);
        CHECK(loop.blocks() == 0);  // it may be about to leave the loop
        loop.all[runner].counters.run_delay = 5ms;
        loop.step(32ms);
        CHECK(loop.blocks() == 0);  // it has had no CPU to do so
        loop.step(33ms);
    }
    SECTION("one that leaves the loop, by an exception, frees nobody")
    {
        loop.end(24ms);
        loop.leave(runner);
        loop.step(24100us);
        CHECK(loop.blocks() == 0);
        loop.end(26ms, second);
        loop.step(26100us);
    }
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least == 14ms);
}

TEST_CASE("with each_thread one held thread of a pool is a block", "[exact]")
{
    exact_loop loop{watch_scope::each_thread};
    loop.enter(second);
    loop.begin(1ms);
    loop.look(1100us);
    CHECK(loop.look(4ms) <= 11ms);
    loop.begin(5ms, second);
    loop.run_beat(5ms, second);
    loop.step(11ms);
    REQUIRE(loop.w->exact->lanes.size() == 2);
    CHECK(loop.w->exact->lanes[0]->is_in<phases::blocked>());
    CHECK(loop.w->exact->lanes[1]->is_in<phases::awake>());
    CHECK(loop.is_in<phases::awake>());
    loop.step(15ms);

    loop.end(16ms, second);
    loop.step(16100us);
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least == 11ms);
    CHECK(loop.last().first.size() == 1);
    CHECK(loop.last().first[0].stack.thread == second);

    SECTION("and so is the other's")
    {
        loop.end(31ms);
        loop.step(31100us);
    }
    SECTION("also one that is under way when the watch ends")
    {
        CHECK(loop.keeper.has_block(*loop.w, at(31ms), time_point::max(), true));
        loop.request_end(31ms, stranger);
        for (nanoseconds now = 31ms; !loop.is_in<phases::over>() && now < 40ms; now += 100us) loop.step(now);
        CHECK(loop.is_in<phases::over>());
    }
    REQUIRE(loop.blocks() == 2);
    CHECK(loop.last().length.at_least == 30ms);
    CHECK(loop.last().first[0].stack.thread == runner);
}

TEST_CASE("with each_thread a block is told once, by its thread and not by the heartbeat that waited for it", "[exact]")
{
    nanoseconds const end = GENERATE(nanoseconds{11500us}, nanoseconds{30ms});
    exact_loop loop{watch_scope::each_thread};
    loop.begin(1ms);
    loop.look(1100us);
    loop.look(4ms);
    for (nanoseconds now = 12ms; now < end; now += 1ms) loop.step(now);
    loop.end(end);
    loop.run_beat(end + 10us);
    loop.step(end + 100us);
    loop.step(end + 1ms);
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least == end - 1ms);
}

TEST_CASE("with each_thread a watch ends, though another handler is getting long meanwhile", "[exact]")
{
    bool const to_pause = GENERATE(false, true);
    exact_loop loop{watch_scope::each_thread};
    loop.enter(second);
    loop.begin(1ms);
    loop.look(1100us);
    loop.look(4ms);
    loop.step(11ms);
    loop.begin(29ms, second);
    loop.run_beat(29ms, second);
    loop.threads.answers = false;  // the last look at the first one takes some time
    if (to_pause)
        loop.keeper.request_pause(*loop.w, at(31ms), stranger);
    else
        loop.request_end(31ms, stranger);
    loop.step(31ms);
    loop.step(34ms);
    loop.threads.answers = true;
    for (nanoseconds now = 34ms; loop.w->end_requested && now < 60ms; now += 100us) loop.step(now);
    CHECK(loop.is_in<phases::over>() == !to_pause);
    CHECK(loop.is_in<phases::paused>() == to_pause);
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least == 30ms);
}

TEST_CASE("with each_thread a handler that has said that it ends is told of once, though it is still seen", "[exact]")
{
    exact_loop loop{watch_scope::each_thread};
    loop.begin(1ms);
    loop.look(1100us);
    loop.look(4ms);
    loop.step(11ms);
    auto const seen = loop.host.running;
    loop.end(12ms);
    loop.step(12100us);
    loop.host.running = seen;
    loop.host.says_end_first = true;
    loop.look(12200us);
    loop.host.running.clear();
    loop.look(12300us);
    CHECK(loop.blocks() == 1);
}

TEST_CASE("with each_thread a thread that has left the loop is waited for no more", "[exact]")
{
    exact_loop loop{watch_scope::each_thread};
    loop.enter(second);
    loop.begin(1ms);
    loop.look(1100us);
    loop.look(4ms);
    loop.run_beat(4ms, second);
    bool const when_blocked = GENERATE(false, true);
    if (when_blocked) loop.step(11ms);
    loop.leave(runner);
    loop.step(12ms);
    loop.end(12ms);
    for (nanoseconds now = 13ms; now < 60ms; now += 1ms) loop.step(now);  // the other one runs it all the time
    CHECK(loop.blocks() == (when_blocked ? 1 : 0));
    for (auto const& lane : loop.w->exact->lanes) {
        CHECK(lane->is_in<phases::awake>());
        CHECK_FALSE(lane->heartbeat);
    }
}

TEST_CASE("with each_thread a handler within which its thread runs the heartbeat has held it until then", "[exact]")
{
    exact_loop loop{watch_scope::each_thread};
    loop.begin(1ms);
    loop.look(1100us);
    loop.look(4ms);
    SECTION("not for long")
    {
        loop.run_beat(8ms);
        loop.step(12ms);
        CHECK(loop.blocks() == 0);
    }
    SECTION("for long")
    {
        loop.step(11ms);
        loop.run_beat(12ms);
        loop.step(12100us);
        REQUIRE(loop.blocks() == 1);
        CHECK(loop.last().length.at_least == 11ms);
    }
}

TEST_CASE("with each_thread a handler that runs other loops' handlers within itself holds its thread", "[exact]")
{
    exact_loop loop{watch_scope::each_thread};
    loop.begin(1ms);
    loop.look(1100us);
    loop.begin(3800us);
    loop.host.last_within = at(3800us);
    loop.host.running[1].frame = loop.call_of(runner) - 9;
    loop.look(4ms);
    loop.step(11ms);
    loop.end(11500us);
    loop.end(12ms);
    loop.step(12100us);
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least == 11ms);
}

TEST_CASE("with each_thread handlers that are short keep a heartbeat waiting, too", "[exact]")
{
    bool const to_end = GENERATE(false, true);
    exact_loop loop{watch_scope::each_thread};
    nanoseconds now = 1ms;
    for (int i = 0; i < 5; ++i) {
        loop.begin(now);
        loop.look(now + 100us);
        loop.look(now + 3500us);  // it has a lane
        loop.end(now + 4ms);
        now += 4ms;
    }
    if (to_end) {
        loop.begin(now);
        loop.look(now + 3ms);
        CHECK(loop.keeper.has_block(*loop.w, at(now + 3ms), time_point::max(), true));
        loop.request_end(now + 3ms, stranger);
        for (nanoseconds later = now + 3ms; !loop.is_in<phases::over>() && later < 60ms; later += 100us)
            loop.step(later);
    } else {
        loop.run_beat(now);
        loop.step(now + 100us);
    }
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least > 18ms);
    CHECK_FALSE(loop.last().handler.known);
}

TEST_CASE("busy loops are looked at several times in a threshold, also where heartbeats are to be rare", "[exact]")
{
    exact_loop loop;
    watch_settings how;
    how.threshold = 10ms;
    auto of = make_owned<made_up_loop>(loop.identity());
    of->exact = true;
    watch rare{how, 10ms, loop.bell, owned<loopwatch::detail::loop>{of.release()}, at(0ms)};
    CHECK(rare.timing.period < worth_a_look(rare));
    loop.keeper.change(*loop.w, heartbeat_timing::of(20ms, 20ms), at(1ms), time_point::max());
    CHECK(loop.w->timing.threshold == 20ms);
    CHECK(loop.w->timing.period < worth_a_look(*loop.w));
    loop.keeper.change(*loop.w, heartbeat_timing::of(20ms, 1ms), at(1ms), time_point::max());
    CHECK(loop.w->timing.period == heartbeat_timing::of(20ms, 1ms).period);
}

TEST_CASE("a process that was stopped while a handler ran blames nobody", "[exact]")
{
    exact_loop loop;
    loop.begin(1ms);
    loop.look(1100us);
    // It goes on after a second, in which the watchdog was to be heard of at 2600 us.
    loop.step(1000ms, at(2600us));
    loop.end(1001ms);
    loop.run_beat(1001ms);
    loop.step(1002ms);
    for (auto const& each : loop.host.blocks) CHECK(each->forgiven);
}

TEST_CASE("what has ended without saying so has ended when it was last seen", "[exact]")
{
    exact_loop loop;
    loop.begin(1ms);
    loop.look(1100us);
    loop.look(4ms);
    loop.step(11ms);
    loop.step(15ms);
    loop.host.running.clear();
    loop.step(20ms);
    REQUIRE(loop.blocks() == 1);
    CHECK(loop.last().length.at_least == 14ms);
    CHECK(loop.last().length.at_most == 19ms);  // or at any time since
}

}  // namespace holding_test
