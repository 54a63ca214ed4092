// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include "unit/watch/kept_watch.hpp"

namespace made_up {

/// Heartbeats each 1.5 ms, a threshold of 10 ms.
struct monitored_watch : kept_watch {
    explicit monitored_watch(runners which = runners::known,
                             shared<loop_totals> of = shared<loop_totals>{new loop_totals})
        : kept_watch{which, {.threshold = 10ms, .vitals = shared<loop_vitals>{new loop_vitals{of}}}},
          totals{std::move(of)},
          vitals{*w->how.vitals}
    {
    }
    [[nodiscard]] std::uint64_t count() const { return totals->delays.read().count(); }
    [[nodiscard]] double sum() const { return totals->delays.read().sum; }

    shared<loop_totals> totals;
    loop_vitals& vitals;
};

TEST_CASE("a heartbeat that runs counts with its wait", "[watch_vitals]")
{
    monitored_watch kept{GENERATE(runners::known, runners::unknown)};
    CHECK(kept.vitals.state() == loopwatch::loop_state::unwatched);
    kept.step(0ms);
    CHECK(kept.vitals.state() == loopwatch::loop_state::answering);
    CHECK(kept.count() == 0);
    kept.run_beat(1ms);
    kept.step(1500us);
    CHECK(kept.count() == 1);
    CHECK(kept.sum() == Approx(0.001));
    CHECK(kept.vitals.age(at(2ms)) == 1ms);
    CHECK(kept.vitals.delay(at(2ms)) == 1ms);
}

TEST_CASE("a heartbeat that waits still is a delay as of the last look", "[watch_vitals]")
{
    monitored_watch kept;
    kept.step(0ms);
    kept.step(5ms);
    CHECK(kept.vitals.delay(at(7ms)) == 5ms);
    CHECK(kept.vitals.blocked_for(at(7ms)) == 0ns);
    CHECK(kept.vitals.age(at(7ms)) == 7ms);
    CHECK(kept.count() == 0);
}

TEST_CASE("a loop is blocked from the threshold on until its heartbeat runs, and that stands for all it swallowed",
          "[watch_vitals]")
{
    monitored_watch kept{GENERATE(runners::known, runners::unknown)};
    kept.block_until(60ms);
    CHECK(kept.vitals.state() == loopwatch::loop_state::blocked);
    CHECK(kept.vitals.blocked_for(at(60ms)) == 60ms);
    CHECK(kept.vitals.delay(at(60ms)) == 60ms);
    CHECK(kept.vitals.age(at(60ms)) == 60ms);
    CHECK(kept.count() == 0);
    kept.run_beat(60ms);
    kept.step(60ms);
    CHECK(kept.vitals.state() == loopwatch::loop_state::answering);
    CHECK(kept.vitals.blocked_for(at(61ms)) == 0ns);
    CHECK(kept.vitals.delay(at(61ms)) == 60ms);  // within the last second
    CHECK(kept.count() == 40);                   // one each 1.5 ms
    CHECK(kept.sum() == Approx(40 * 0.03075));
}

TEST_CASE("a loop that nobody runs is neither late nor counted", "[watch_vitals]")
{
    monitored_watch kept;
    kept.leave(runner);
    kept.step(0ms);
    CHECK(kept.vitals.state() == loopwatch::loop_state::unattended);
    kept.step(5ms);
    kept.step(30ms);
    REQUIRE(kept.is_in<phases::dormant>());
    CHECK(kept.vitals.state() == loopwatch::loop_state::unattended);
    CHECK(kept.vitals.age(at(30ms)) == 0ns);
    CHECK(kept.vitals.delay(at(30ms)) == 0ns);
    kept.enter(runner);
    kept.step(90ms);
    CHECK(kept.vitals.state() == loopwatch::loop_state::answering);
    kept.run_beat(91ms);
    kept.step(91ms);
    CHECK(kept.count() == 1);  // it waited from when somebody was seen to run the loop
    CHECK(kept.sum() == Approx(0.001));
}

TEST_CASE("a heartbeat that was run by nobody in between is not counted", "[watch_vitals]")
{
    monitored_watch kept;
    kept.step(0ms);
    kept.leave(runner);
    kept.enter(second);
    kept.run_beat(30ms, second);
    kept.step(30ms);
    CHECK(kept.count() == 0);
    CHECK(kept.vitals.delay(at(30ms)) == 0ns);
}

TEST_CASE("a stopped loop is unattended, and answers when it was restarted", "[watch_vitals]")
{
    monitored_watch kept;
    kept.target->is_stopped = true;
    kept.step(0ms);
    CHECK(kept.vitals.state() == loopwatch::loop_state::unattended);
    CHECK(kept.count() == 0);
    kept.target->is_stopped = false;
    kept.step(100ms);
    CHECK(kept.vitals.state() == loopwatch::loop_state::answering);
}

TEST_CASE("what is excused for a late watchdog does not count", "[watch_vitals]")
{
    monitored_watch kept;
    kept.step(0ms);
    kept.run_beat(9s);
    kept.step(9s, at(1500us));
    CHECK(kept.count() == 1);
    CHECK(kept.sum() == Approx(0.0015));
    CHECK(kept.vitals.delay(at(9s)) == 1500us);
}

TEST_CASE("a block counts up to when the loop was stopped, or its watch ended", "[watch_vitals]")
{
    monitored_watch kept{GENERATE(runners::known, runners::unknown)};
    kept.block_until(30ms);
    SECTION("stopped")
    {
        kept.target->is_stopped = true;
        kept.step(31ms);
        CHECK(kept.vitals.state() == loopwatch::loop_state::unattended);
    }
    SECTION("ended")
    {
        kept.request_end(30ms, stranger);
        kept.step(31ms);
        CHECK(kept.vitals.state() == loopwatch::loop_state::unwatched);
    }
    CHECK(kept.blocks() == 1);
    CHECK(kept.count() == 20);
    CHECK(kept.vitals.blocked_for(at(32ms)) == 0ns);
    CHECK(kept.vitals.age(at(32ms)) == 0ns);
}

TEST_CASE("a watch that is paused is none, until it is looked at again", "[watch_vitals]")
{
    monitored_watch kept;
    kept.step(0ms);
    kept.step(5ms);
    kept.run_beat(6ms);
    kept.keeper.pause(*kept.w);
    CHECK(kept.vitals.state() == loopwatch::loop_state::unwatched);
    CHECK(kept.vitals.age(at(1h)) == 0ns);
    kept.threads.time = at(1h);
    kept.keeper.resume(*kept.w);
    kept.step(1h);
    CHECK(kept.vitals.state() == loopwatch::loop_state::answering);
    CHECK(kept.count() == 0);
}

TEST_CASE("watches of one name go on counting", "[watch_vitals]")
{
    shared<loop_totals> const totals{new loop_totals};
    for (std::uint64_t i = 1; i <= 3; ++i) {
        monitored_watch kept{runners::known, totals};
        kept.step(0ms);
        kept.run_beat(1ms);
        kept.step(1500us);
        CHECK(kept.count() == i);
    }
}

TEST_CASE("the CPU time of the loop's threads is known once they were read", "[watch_vitals]")
{
    monitored_watch kept;
    kept.all[runner].counters.on_cpu = 5s;
    kept.step(0ms);
    CHECK(kept.totals->cpu_time_is_known);
    CHECK(kept.totals->on_cpu == 0);
    kept.run_beat(1ms);
    kept.all[runner].counters.on_cpu = 5s + 1ms;
    kept.step(1500us);
    CHECK(kept.totals->on_cpu == nanoseconds{1ms}.count());
}

TEST_CASE("a guard has no vitals, and needs none", "[watch_vitals]")
{
    kept_watch kept;
    kept.block_until(30ms);
    kept.run_beat(30ms);
    kept.step(30ms);
    CHECK(kept.blocks() == 1);
}

}  // namespace made_up
