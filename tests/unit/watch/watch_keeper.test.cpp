// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include "unit/watch/kept_watch.hpp"

// Not by a directive: the files of unit tests are compiled several at a time.
namespace made_up {

using phases::awake;
using phases::blocked;
using phases::dormant;
using phases::over;

// --- where it must say nothing ---

TEST_CASE("a heartbeat is sent at once, and the next a period later, if the first has run", "[watch_keeper]")
{
    kept_watch kept;
    CHECK(kept.step(0ms) == 1500us);
    CHECK(kept.target->posted == 1);
    kept.step(1500us);
    CHECK(kept.target->posted == 1);  // that one is still out
    kept.run_beat(2ms);
    CHECK(kept.step(2ms) == 3500us);
    CHECK(kept.target->posted == 2);
    kept.run_beat(2100us);
    CHECK(kept.step(2200us) == 3500us);
    CHECK(kept.target->posted == 2);
    CHECK(kept.is_in<awake>());
    CHECK(kept.blocks() == 0);
}

TEST_CASE("a heartbeat that runs at the last moment was not late", "[watch_keeper]")
{
    kept_watch kept{GENERATE(runners::known, runners::unknown)};
    kept.step(0ms);
    kept.step(9999us);
    CHECK(kept.is_in<awake>());
    kept.run_beat(10199us);  // what the loop needs between two handlers is not the handler's
    kept.step(10199us);
    CHECK(kept.is_in<awake>());
    CHECK(kept.blocks() == 0);
    CHECK(kept.threads.captured.empty());
}

TEST_CASE("nothing is sent to a stopped loop", "[watch_keeper]")
{
    kept_watch kept;
    kept.target->is_stopped = true;
    CHECK(kept.step(0ms) == 1500us);
    kept.step(100ms);
    CHECK(kept.target->posted == 0);
    kept.target->is_stopped = false;
    kept.step(102ms);
    CHECK(kept.target->posted == 1);
}

TEST_CASE("a heartbeat that can't be posted for want of memory is not late", "[watch_keeper]")
{
    kept_watch kept;
    kept.target->no_memory = true;
    CHECK(kept.step(0ms) == 1500us);
    CHECK_FALSE(kept.w->beats->out());
    CHECK_FALSE(kept.w->heartbeat);
    kept.step(100ms);
    CHECK(kept.blocks() == 0);
    kept.target->no_memory = false;
    kept.step(102ms);
    CHECK(kept.target->posted == 1);
    CHECK(kept.w->heartbeat);
}

TEST_CASE("a loop that was left and entered again counts from the second call on", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.leave(runner);
    kept.enter(second);

    SECTION("which the watchdog has seen while the heartbeat waited")
    {
        kept.step(9ms);
        kept.step(18ms);
        CHECK(kept.is_in<awake>());
        kept.step(19ms);
        CHECK(kept.is_in<blocked>());
        CHECK(kept.threads.captured == std::vector{second});
    }
    SECTION("by which the heartbeat came")
    {
        kept.run_beat(30ms, second);
        kept.step(30ms);
        CHECK(kept.is_in<awake>());
        CHECK(kept.blocks() == 0);
    }
    SECTION("by which the heartbeat came, while the first one lasts as well")
    {
        kept.enter(runner);
        kept.run_beat(30ms, second);
        kept.step(30ms);
        CHECK(kept.blocks() == 1);
    }
}

TEST_CASE("a call that a search finds again has lasted", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.leave(runner);
    kept.host.when_searched = [&] { kept.enter(runner); };
    kept.step(9ms);
    kept.step(10ms);
    CHECK(kept.is_in<blocked>());
}

TEST_CASE("a loop that all have left while a heartbeat waits is not blocked", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.leave(runner);
    kept.step(9ms);
    REQUIRE(kept.w->waits_for_nobody() != nullptr);
    CHECK(kept.w->waits_for_nobody()->left_at == at(9ms));
    CHECK(kept.w->waits_for_nobody()->search_at == at(9ms) + kept_watch::timing.period);
    kept.step(18ms);
    CHECK(kept.is_in<awake>());
    kept.step(25ms);
    CHECK(kept.is_in<dormant>());
    CHECK(kept.blocks() == 0);
}

TEST_CASE("a block after a loop was left began no sooner than it was found to be left", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.run_beat(1ms);
    kept.step(1500us);
    kept.leave(runner);
    kept.step(9ms);
    REQUIRE(kept.w->waits_for_nobody() != nullptr);
    kept.enter(stranger);
    kept.step(10500us);
    REQUIRE(kept.w->waits_for() != nullptr);
    kept.run_beat(40500us, stranger);
    kept.step(40500us);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 30ms - 200us);
    CHECK(kept.last().length.at_most == 31500us);
}

// --- awake to blocked ---

TEST_CASE("a block is found at its deadline, and handed over once, when the heartbeat has run", "[watch_keeper]")
{
    kept_watch kept{GENERATE(runners::known, runners::unknown)};
    kept.step(0ms);
    kept.run_beat(1ms);
    kept.step(1500us);  // sends the second, that will be late
    kept.step(11499us);
    CHECK(kept.is_in<awake>());
    CHECK(kept.threads.captured.empty());
    kept.step(11500us);
    CHECK(kept.is_in<blocked>());
    CHECK(kept.threads.captured == std::vector{runner});
    kept.step(20ms);
    CHECK(kept.blocks() == 0);
    kept.run_beat(51500us);
    kept.step(51600us);
    CHECK(kept.is_in<awake>());
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().how == ending::beat);
    CHECK(kept.last().length.at_least == 50ms - 200us);
    CHECK(kept.last().length.at_most == 50500us);  // since the heartbeat before
    CHECK(kept.last().waited == 50ms);
    CHECK_FALSE(kept.last().forgiven);
    REQUIRE(kept.last().first.size() == 1);
    CHECK(kept.last().first[0].stack.thread == runner);
    CHECK(kept.last().first[0].stack.taken_at == at(11500us));
    CHECK(kept.last().ran_by == 0);
    kept.run_beat(51700us);
    kept.step(53100us);
    kept.step(60ms);
    CHECK(kept.blocks() == 1);
    CHECK(kept.host.dropped == 0);
}

TEST_CASE("a block that the watchdog saw nothing of is handed over without a stack", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.run_beat(15ms);
    kept.step(15ms);
    CHECK(kept.is_in<awake>());
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 15ms - 200us);
    REQUIRE(kept.last().first.size() == 1);
    CHECK(kept.last().first[0].stack.missing == capture_error::recovered);
    SECTION("with the thread that ran it in the end")
    {
        kept.step(16500us);
        kept.enter(stranger);
        kept.run_beat(40ms, stranger);
        kept.step(40ms);
        REQUIRE(kept.blocks() == 2);
        REQUIRE(kept.last().first.size() == 2);
        CHECK(kept.last().first[1].stack.thread == stranger);
        CHECK(kept.last().ran_by == 1);
    }
}

TEST_CASE("a heartbeat that runs while the watchdog finds it late has ended a block", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.host.when_searched = [&] { kept.run_beat(10300us); };
    kept.step(10300us);
    CHECK(kept.host.when_searched == nullptr);
    CHECK(kept.is_in<awake>());
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 10100us);
    CHECK(kept.threads.captured.empty());
}

// --- blocked to awake ---

TEST_CASE("a late heartbeat tells the bounds of its thread's stack, and of no other's", "[watch_keeper]")
{
    thread_number const here = this_thread_number();  // in which a heartbeat notes the stack by which it came
    thread_number const ran_by = GENERATE_COPY(here, stranger);
    kept_watch kept;
    kept.block_until(20ms);
    kept.run_beat(20ms, ran_by);
    kept.step(20ms);
    loop_thread const* const added = first_with(kept.w->threads.all(), &loop_thread::number, ran_by);
    REQUIRE(added != nullptr);
    CHECK(added->stack.known() == (ran_by == here));
}

TEST_CASE("a heartbeat that is destroyed ends a block of which nothing is told", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.step(10ms);
    REQUIRE(kept.is_in<blocked>());
    kept.w->beats->lost();
    kept.step(20ms);
    CHECK(kept.is_in<awake>());
    CHECK(kept.blocks() == 0);
    CHECK(kept.w->beat_deadline.last_beat() == at(20ms));
    CHECK(kept.target->posted == 2);
}

TEST_CASE("a heartbeat that ran, whereupon the loop was stopped, has ended a block", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.step(10ms);
    kept.leave(runner);
    kept.host.when_searched = [&] { kept.run_beat(30ms); };
    kept.step(31ms);
    CHECK(kept.is_in<awake>());
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().how == ending::beat);
    CHECK(kept.last().length.at_least == 30ms - 200us);
}

// --- blocked to dormant ---

TEST_CASE("a block ends where the loop was last seen run and not stopped", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.step(10ms);
    kept.step(30ms);
    bool const by_stop = GENERATE(true, false);
    if (by_stop)
        kept.target->is_stopped = true;
    else
        kept.leave(runner);
    kept.step(32ms);
    CHECK(kept.is_in<dormant>());
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().how == ending::stopped);
    CHECK(kept.last().length.at_least == 30ms - 200us);
    CHECK(kept.last().length.at_most == 32ms);
    kept.step(60ms);
    CHECK(kept.blocks() == 1);
}

TEST_CASE("a block after another that was left began no sooner than the first was over", "[watch_keeper]")
{
    kept_watch kept;
    kept.block_until(50ms);
    REQUIRE(kept.is_in<blocked>());
    kept.leave(runner);
    kept.step(51ms);
    REQUIRE(kept.is_in<dormant>());
    REQUIRE(kept.blocks() == 1);
    kept.enter(stranger);
    kept.step(53ms);
    CHECK(kept.is_in<awake>());
    kept.run_beat(93ms, stranger);
    kept.step(93ms);
    REQUIRE(kept.blocks() == 2);
    CHECK(kept.last().length.at_least == 40ms - 200us);
    CHECK(kept.last().length.at_most == 42ms);
}

TEST_CASE("a block that a stop ends lasted at most until the stop was seen", "[watch_keeper]")
{
    kept_watch kept;
    kept.block_until(50ms);
    REQUIRE(kept.is_in<blocked>());
    kept.target->is_stopped = true;
    kept.threads.time = at(51100us);  // a little after the round began
    kept.keeper.catch_up(*kept.w, at(51ms), time_point::max());
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 50ms - 200us);
    CHECK(kept.last().length.at_most == 51100us);
}

TEST_CASE("a loop whose threads have ended is not blocked", "[watch_keeper]")
{
    kept_watch kept{GENERATE(runners::known, runners::unknown)};
    kept.step(0ms);
    kept.all[runner].gone = true;
    kept.step(10ms);
    CHECK(kept.is_in<dormant>());
    CHECK(kept.w->threads.empty());
    CHECK(kept.blocks() == 0);
}

// --- awake to dormant, and back ---

TEST_CASE("a late heartbeat of a loop that is stopped, or left at that moment, makes no block", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    bool const by_stop = GENERATE(true, false);
    if (by_stop) kept.target->is_stopped = true;
    int const before = kept.host.searches;
    if (!by_stop) kept.host.when_searched = [&] { kept.leave(runner); };
    kept.step(10ms);
    CHECK(kept.host.searches == before + 1);
    CHECK(kept.is_in<dormant>());
    CHECK(kept.threads.captured.empty());
    kept.run_beat(100ms);
    kept.step(100ms);
    CHECK(kept.is_in<awake>());
    CHECK(kept.blocks() == 0);
}

TEST_CASE("a heartbeat that runs when the loop is found to be left wakes the watch", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.host.when_searched = [&] {
        kept.leave(runner);
        kept.run_beat(10ms);
    };
    kept.step(10ms);
    CHECK(kept.is_in<awake>());
    CHECK_FALSE(kept.w->heartbeat);
    CHECK(kept.blocks() == 0);
}

TEST_CASE("a heartbeat that is destroyed wakes a dormant watch", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.target->is_stopped = true;
    kept.step(10ms);
    REQUIRE(kept.is_in<dormant>());
    kept.w->beats->lost();
    kept.step(20ms);
    CHECK(kept.is_in<awake>());
    CHECK_FALSE(kept.w->heartbeat);
}

TEST_CASE("a heartbeat that runs while the watch is about to leave the loop alone wakes it", "[watch_keeper]")
{
    kept_watch kept;
    kept.leave(runner);
    kept.step(0ms);
    kept.step(9ms);
    REQUIRE(kept.w->waits_for_nobody() != nullptr);
    kept.host.when_searched = [&] { kept.run_beat(50ms); };
    kept.step(50ms);
    CHECK(kept.is_in<awake>());
    CHECK(kept.blocks() == 0);
    kept.step(52ms);
    CHECK(kept.blocks() == 0);
    CHECK(kept.target->posted == 2);
}

TEST_CASE("a loop that nobody runs counts from when somebody does", "[watch_keeper]")
{
    kept_watch kept;
    kept.leave(runner);
    CHECK(kept.step(0ms) == 1500us);  // to search, once a period
    REQUIRE(kept.w->waits_for_nobody() != nullptr);
    nanoseconds searched{};
    for (nanoseconds next = 1500us; !kept.is_in<dormant>(); next = kept.step(searched = next)) REQUIRE(next < 20ms);
    CHECK(searched >= 10ms);
    CHECK(searched <= 12ms);
    CHECK(kept.step(searched) == searched + 1500us);
    kept.step(30ms);
    kept.enter(stranger);
    kept.step(32ms);
    CHECK(kept.is_in<awake>());
    CHECK(kept.w->threads.contain(stranger));
    kept.step(41ms);
    CHECK(kept.is_in<awake>());
    kept.step(42ms);
    REQUIRE(kept.is_in<blocked>());
    CHECK(kept.threads.captured == std::vector{stranger});
    kept.run_beat(62ms, stranger);
    kept.step(62ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 30ms - 200us);
    CHECK(kept.last().length.at_most == 32ms);  // since the last search that found nobody
}

TEST_CASE("a loop that is stopped while a heartbeat waits is left alone, and runs late from nobody's look",
          "[watch_keeper]")
{
    kept_watch kept;
    kept.leave(runner);
    nanoseconds next = kept.step(0ms);
    REQUIRE(kept.w->waits_for_nobody() != nullptr);
    kept.target->is_stopped = true;
    int const searches = kept.host.searches;
    int looks = 0;
    for (nanoseconds now = next; now < 1s; now = next, ++looks) {
        next = kept.step(now, at(now));
        REQUIRE(next > now);  // or the watchdog spins, and is late for the other loops
    }
    CHECK(looks < 200);
    CHECK(kept.is_in<dormant>());
    CHECK(kept.host.searches == searches);

    kept.target->is_stopped = false;
    kept.enter(stranger);
    kept.step(1100ms);
    CHECK(kept.is_in<awake>());
    kept.step(1109ms);
    CHECK(kept.is_in<awake>());
    kept.step(1110ms);
    CHECK(kept.is_in<blocked>());
    CHECK(kept.blocks() == 0);
}

TEST_CASE("a loop that is left alone for long is searched for ever more rarely", "[watch_keeper]")
{
    kept_watch kept;
    kept.leave(runner);
    kept.step(0ms);
    CHECK(kept.step(160ms) == 170ms);
    CHECK(kept.step(170ms - 1ns) == 170ms);  // not yet
    CHECK(kept.step(10s) == 10s + 50ms);
    kept.target->is_stopped = true;
    int const searches = kept.host.searches;
    CHECK(kept.step(20s) == 20s + 50ms);
    CHECK(kept.host.searches == searches);
}

TEST_CASE("where some threads can't be looked into, a heartbeat waits as for any", "[watch_keeper]")
{
    kept_watch kept;
    kept.leave(runner);
    kept.host.sees_all = false;
    kept.step(0ms);
    int const searches = kept.host.searches;
    for (nanoseconds now = 1ms; now < 10ms; now += 1ms) kept.step(now);
    CHECK(kept.host.searches == searches);  // another would tell no more
    kept.step(10ms);
    CHECK(kept.is_in<blocked>());
    CHECK(kept.threads.captured == std::vector{runner});
}

TEST_CASE("a heartbeat that runs late where it was not known who runs the loop has ended a block", "[watch_keeper]")
{
    kept_watch kept;
    kept.leave(runner);
    kept.host.sees_all = false;
    kept.step(0ms);
    kept.enter(stranger);
    kept.run_beat(30ms, stranger);
    kept.step(30ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 30ms - 200us);
}

// --- to the end ---

TEST_CASE("a context that goes ends a block and the watch", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    SECTION("blocked")
    {
        kept.step(10ms);
        kept.step(30ms);
        kept.keeper.context_gone(*kept.w, at(40ms), time_point::max());
        REQUIRE(kept.blocks() == 1);
        CHECK(kept.last().how == ending::stopped);
        CHECK(kept.last().length.at_least == 40ms - 200us);
    }
    SECTION("blocked, and stopped before")
    {
        kept.step(10ms);
        kept.step(30ms);
        kept.target->is_stopped = true;
        kept.keeper.context_gone(*kept.w, at(40ms), time_point::max());
        REQUIRE(kept.blocks() == 1);
        CHECK(kept.last().length.at_least == 30ms - 200us);
    }
    SECTION("blocked until just now")
    {
        kept.step(10ms);
        kept.run_beat(30ms);
        kept.keeper.context_gone(*kept.w, at(40ms), time_point::max());
        REQUIRE(kept.blocks() == 1);
        CHECK(kept.last().how == ending::beat);
    }
    SECTION("awake")
    {
        kept.keeper.context_gone(*kept.w, at(40ms), time_point::max());
        CHECK(kept.blocks() == 0);
    }
    SECTION("dormant")
    {
        kept.target->is_stopped = true;
        kept.step(10ms);
        REQUIRE(kept.is_in<dormant>());
        kept.keeper.context_gone(*kept.w, at(40ms), time_point::max());
        CHECK(kept.blocks() == 0);
    }
    CHECK(kept.is_in<over>());
    CHECK_FALSE(kept.w->heartbeat);
}

TEST_CASE("a watch that ends during a block counts up to then", "[watch_keeper]")
{
    kept_watch kept;
    auto const [by, how] = GENERATE(table<thread_number, ending>({{runner, ending::scope}, {second, ending::watch}}));
    kept.step(0ms);
    kept.step(10ms);
    CHECK(kept.keeper.has_block(*kept.w, at(30ms), time_point::max(), true));
    CHECK_FALSE(kept.keeper.has_block(*kept.w, at(30ms), time_point::max(), false));
    kept.request_end(30ms, by);
    kept.threads.answers = false;
    CHECK(kept.step(31ms) <= 32500us);
    CHECK(kept.is_in<blocked>());  // until the last look is taken
    auto const captures = kept.threads.captured.size();
    kept.step(32ms);
    CHECK(kept.threads.captured.size() == captures);  // which is begun once
    CHECK(kept.blocks() == 0);
    kept.threads.answers = true;
    CHECK(kept.step(33ms) == nanoseconds::max());
    CHECK(kept.is_in<over>());
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().how == how);
    CHECK(kept.last().length.at_least == 30ms - 200us);
    CHECK(kept.last().length.at_most == 30ms);
    REQUIRE(kept.last().latest.size() == 1);
    CHECK(kept.last().latest[0].stack.taken_at == at(33ms));
    CHECK_FALSE(kept.w->end_requested);
}

TEST_CASE("a watch that ends during the first look waits for that, and then looks once more", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.threads.answers = false;
    kept.step(10ms);
    kept.request_end(12ms, runner);
    kept.step(13ms);
    CHECK(kept.is_in<blocked>());
    CHECK(kept.threads.captured.size() == 1);
    kept.threads.answers = true;
    kept.step(14ms);
    CHECK(kept.is_in<over>());
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().first[0].stack.taken_at == at(14ms));
    CHECK(kept.last().latest.size() == 1);
}

TEST_CASE("a watch that ends in another phase ends at once, and nothing is sent any more", "[watch_keeper]")
{
    kept_watch kept;
    bool const is_out = GENERATE(true, false);
    if (is_out) kept.step(0ms);
    kept.request_end(5ms, runner);
    kept.step(6ms);
    CHECK(kept.is_in<over>());
    CHECK(kept.target->posted == (is_out ? 1 : 0));
    CHECK(kept.blocks() == 0);

    kept_watch asleep;
    asleep.step(0ms);
    asleep.target->is_stopped = true;
    asleep.step(10ms);
    REQUIRE(asleep.is_in<dormant>());
    asleep.request_end(20ms, runner);
    asleep.step(20ms);
    CHECK(asleep.is_in<over>());
    CHECK(asleep.blocks() == 0);
}

TEST_CASE("a heartbeat that is overdue when the watch ends makes a block of what the watchdog has not seen yet",
          "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    CHECK_FALSE(kept.keeper.has_block(*kept.w, at(10ms), time_point::max(), true));  // there is the slack
    CHECK(kept.keeper.has_block(*kept.w, at(12ms), time_point::max(), true));
    kept.request_end(12ms, runner);
    kept.step(13ms);
    CHECK(kept.is_in<over>());
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().how == ending::scope);
    CHECK(kept.last().length.at_least == 12ms - 200us);
}

TEST_CASE("whether there is a block to hand over is known without doing so", "[watch_keeper]")
{
    auto const which = GENERATE(runners::known, runners::unknown);
    kept_watch kept{which};
    kept.step(0ms);
    auto const has = [&](nanoseconds when, bool ending) {
        return kept.keeper.has_block(*kept.w, at(when), time_point::max(), ending);
    };
    SECTION("awake: if the heartbeat has run too late")
    {
        CHECK_FALSE(has(20ms, false));
        kept.run_beat(20ms);
        CHECK(has(21ms, false));
    }
    SECTION("awake: not if it has run in time")
    {
        kept.run_beat(10ms);
        CHECK_FALSE(has(21ms, true));
    }
    SECTION("awake: not of a loop that is stopped or that nobody runs")
    {
        kept.target->is_stopped = true;
        CHECK_FALSE(has(20ms, true));
        kept.target->is_stopped = false;
        kept.leave(runner);
        kept.step(1ms);
        CHECK(has(20ms, true) == (which == runners::unknown));
    }
    SECTION("blocked: if that is over")
    {
        kept.step(10ms);
        CHECK_FALSE(has(20ms, false));
        auto const how = GENERATE(0, 1, 2);
        if (how == 0) kept.run_beat(20ms);
        if (how == 1) kept.target->is_stopped = true;
        if (how == 2) kept.leave(runner);
        CHECK(has(20ms, false) == (how != 2 || which == runners::known));
    }
    SECTION("never of one that is dormant or over")
    {
        kept.target->is_stopped = true;
        kept.step(10ms);
        REQUIRE(kept.is_in<dormant>());
        CHECK_FALSE(has(20ms, true));
        kept.run_beat(20ms);
        CHECK_FALSE(has(20ms, true));
        kept.keeper.end(*kept.w);
        CHECK_FALSE(has(30ms, true));
    }
    CHECK(kept.blocks() == 0);
}

// --- a late watchdog ---

TEST_CASE("what a late watchdog was late is taken off the wait", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    SECTION("what would be a block without is handed over as forgiven")
    {
        kept.step(500ms, at(1500us));
        CHECK(kept.is_in<awake>());
        kept.run_beat(501ms);
        kept.step(501ms);
        REQUIRE(kept.blocks() == 1);
        CHECK(kept.last().forgiven);
        CHECK(kept.last().late == 498500us);
        CHECK(kept.last().length.at_least == 501ms - 200us);
    }
    SECTION("a true block beside it keeps its own part")
    {
        kept.step(500ms, at(1500us));
        kept.run_beat(531ms);
        kept.step(531ms);
        REQUIRE(kept.blocks() == 1);
        CHECK_FALSE(kept.last().forgiven);
        CHECK(kept.last().length.at_least == 531ms - 498500us - 200us);
    }
    SECTION("once, though several threads find it late")
    {
        kept.catch_up(400ms, at(1500us));
        kept.catch_up(500ms, at(1500us));
        CHECK(kept.w->beat_deadline.excused() == 498500us);
    }
    SECTION("not beyond the heartbeat")
    {
        kept.run_beat(21500us);
        kept.step(500ms, at(1500us));
        REQUIRE(kept.blocks() == 1);
        CHECK(kept.last().forgiven);
        CHECK(kept.last().late == 20ms);
    }
    SECTION("not a little, which busy machines are late always")
    {
        kept.step(11500us, at(1500us));
        CHECK(kept.w->beat_deadline.excused() == 0ms);
        CHECK(kept.is_in<blocked>());
    }
    SECTION("once it is known to be blocked, only what no scheduler makes a thread wait")
    {
        kept.step(10ms);
        REQUIRE(kept.is_in<blocked>());
        kept.step(261500us, at(11500us));
        CHECK(kept.w->beat_deadline.excused() == 0ms);
        kept.step(513ms + 1ns, at(263ms));
        CHECK(kept.w->beat_deadline.excused() == 250ms + 1ns);
    }
    SECTION("not what a guard that has ended waits for it")
    {
        kept.step(10ms);
        kept.request_end(20ms, runner);
        kept.step(500ms, at(11500us));
        REQUIRE(kept.blocks() == 1);
        CHECK(kept.last().late == 0ms);
        CHECK(kept.last().length.at_least == 20ms - 200us);
    }
    SECTION("and what a guard ends in is forgiven if the loop is known to run")
    {
        CHECK(kept.keeper.has_block(*kept.w, at(500ms), at(1500us), true));
        kept.request_end(500ms, runner);
        kept.step(500ms, at(1500us));
        REQUIRE(kept.blocks() == 1);
        CHECK(kept.last().forgiven);
        CHECK(kept.last().how == ending::scope);
    }
    SECTION("but not of one that has never run")
    {
        kept.w->threads.presume({.number = runner});
        CHECK_FALSE(kept.keeper.has_block(*kept.w, at(500ms), at(1500us), true));
        kept.request_end(500ms, runner);
        kept.step(500ms, at(1500us));
        CHECK(kept.is_in<over>());
        CHECK(kept.blocks() == 0);
    }
}

// --- out of memory ---

TEST_CASE("a block that there is no memory to find out about is counted, and leaves the loop alone", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.all[runner].reading.call.mutex_owner = second;
    kept.host.no_memory_for_names = true;
    kept.step(10ms);
    CHECK(kept.is_in<dormant>());
    CHECK(kept.host.dropped == 1);
    kept.host.no_memory_for_names = false;
    kept.run_beat(30ms);
    kept.step(30ms);
    CHECK(kept.is_in<awake>());
    CHECK(kept.blocks() == 0);
    CHECK(kept.host.dropped == 1);
    kept.step(40ms);
    CHECK(kept.is_in<blocked>());
}

TEST_CASE("a block that there is no memory to hand over is counted once, and the watch goes on", "[watch_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.step(10ms);
    kept.host.no_memory_to_hand_over = true;
    kept.run_beat(30ms);
    kept.step(30ms);
    CHECK(kept.host.dropped == 1);
    CHECK(kept.is_in<awake>());
    CHECK(kept.target->posted == 2);
}

TEST_CASE("a search that is some time old says nothing of the time since", "[watch_keeper]")
{
    kept_watch kept;
    kept.host.age_of_searches = 3ms;
    kept.step(0ms);
    kept.run_beat(1ms);
    kept.leave(runner);
    kept.step(2ms);
    kept.step(20ms);
    kept.step(30ms);
    REQUIRE(kept.w->waits_for_nobody() != nullptr);
    CHECK(kept.w->beat_deadline.last_beat() == at(27ms));
    kept.enter(second);
    kept.step(40ms);
    CHECK(kept.w->beat_deadline.sent_at() == at(40ms));
    kept.step(50ms);
    kept.run_beat(55ms, second);
    kept.step(55ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().length.at_least == 15ms - kept_watch::timing.slack);
    CHECK(kept.last().length.at_most >= 25ms);  // it may have begun right after the last search
}

}  // namespace made_up
