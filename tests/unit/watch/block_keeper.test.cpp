// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include "unit/watch/kept_watch.hpp"

// Not by a directive: the files of unit tests are compiled several at a time.
namespace made_up {

namespace {

/// Blocked since its heartbeat was sent at 0 ms, and found to be so at 10 ms.
struct blocked_watch : kept_watch {
    explicit blocked_watch(runners which = runners::known, watch_settings how = {.threshold = 10ms})
        : kept_watch{which, std::move(how)}
    {
        step(0ms);
        step(10ms);
    }
    [[nodiscard]] block_record const& record() const { return *w->block()->record; }

    /// As the watchdog does: it looks whenever it meant to.
    void step_until(nanoseconds end)
    {
        for (nanoseconds now = threads.time - at(0ms); now < end;) {
            nanoseconds const next = step(now);
            REQUIRE(next > now);  // else it would be busy
            now = next;
        }
        step(end);
    }
    void end_by_beat(nanoseconds when)
    {
        run_beat(when);
        step(when);
    }
};

watch_settings that_logs() { return {.threshold = 10ms, .action = loopwatch::on_block::log}; }

/// A call that a scheduler waits in, where calls are known.
bool may_sleep_for_work(thread_reading& reading)
{
    reading.in_kernel = true;
    for (reading.call.number = 0; reading.call.number < 500; ++reading.call.number)
        if (may_wait_for_work(reading.call)) return true;
    return false;
}

}  // namespace

TEST_CASE("a block's counters are counted from when its heartbeat was sent", "[block_keeper]")
{
    kept_watch kept;
    kept.all[runner].counters.on_cpu = 3ms;
    kept.step(0ms);
    kept.all[runner].counters.on_cpu = 9ms;
    kept.step(10ms);
    kept.all[runner].counters.on_cpu = 25ms;
    kept.run_beat(30ms);
    kept.step(30ms);
    REQUIRE(kept.blocks() == 1);
    REQUIRE(kept.last().lives.size() == 1);
    thread_life const& life = kept.last().lives[0];
    CHECK(life.from.on_cpu == 3ms);
    CHECK(life.from.at == at(0ms));
    CHECK(life.to.on_cpu == 25ms);
    CHECK_FALSE(life.since_seen);
    CHECK(life.name == std::to_string(runner));
    CHECK(kept.last().at_send.known);
}

TEST_CASE("what was counted while nobody ran the loop is no block's", "[block_keeper]")
{
    kept_watch kept;
    kept.leave(runner);
    kept.step(0ms);
    kept.enter(runner);
    kept.all[runner].counters.on_cpu = 4ms;
    kept.step(5ms);
    kept.run_beat(30ms);
    kept.step(30ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().lives[0].from.on_cpu == 4ms);
    CHECK(kept.last().sent_at == at(5ms));
}

TEST_CASE("a block that lasts is sampled at growing distances", "[block_keeper]")
{
    blocked_watch kept;
    kept.step(12ms);
    CHECK(kept.threads.captured.size() == 1);
    kept.step(12500us);  // a quarter of the threshold after the deadline
    CHECK(kept.threads.captured.size() == 2);
    kept.step(16249us);
    CHECK(kept.threads.captured.size() == 2);
    kept.step(16250us);  // half as long again
    CHECK(kept.threads.captured.size() == 3);
    kept.step_until(10s);
    CHECK(kept.threads.captured.size() < 25);
    kept.end_by_beat(10s);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().later.size() >= block_samples::close);
    CHECK(kept.last().later.size() < block_samples::most);
    CHECK(kept.last().later[0][0].stack.taken_at == at(12500us));
}

TEST_CASE("a block that lasts is reported as in progress at 1, 2, 4 s", "[block_keeper]")
{
    blocked_watch kept{GENERATE(runners::known, runners::unknown), that_logs()};
    kept.step_until(999ms);
    CHECK(kept.blocks() == 0);
    kept.step_until(5s);
    REQUIRE(kept.blocks() == 3);
    nanoseconds due = 1s;
    for (auto const& report : kept.host.blocks) {
        CHECK(report->how == ending::none);
        CHECK(report->waited >= due);
        CHECK(report->waited < due + 2ms);
        CHECK(report->length.at_least == report->waited - 200us);
        CHECK_FALSE(report->forgiven);
        due *= 2;
    }
    kept.end_by_beat(6s);
    REQUIRE(kept.blocks() == 4);
    CHECK(kept.last().how == ending::beat);
    CHECK(kept.last().waited == 6s);
}

TEST_CASE("a progress report waits for its sample", "[block_keeper]")
{
    blocked_watch kept{runners::known, that_logs()};
    kept.step_until(999ms);
    kept.threads.answers = false;
    kept.step_until(1010ms);
    CHECK(kept.blocks() == 0);
    kept.threads.answers = true;
    kept.step_until(1020ms);
    CHECK(kept.blocks() == 1);
}

TEST_CASE("a progress report that is due while a sample is under way does not keep the watchdog busy", "[block_keeper]")
{
    blocked_watch kept{runners::known, that_logs()};
    kept.step_until(1500ms);
    kept.threads.answers = false;
    kept.step_until(2050ms);
    CHECK(kept.blocks() == 1);
    kept.threads.answers = true;
    kept.step(2051ms);  // that sample
    kept.step(2052ms);  // and the report's
    CHECK(kept.blocks() == 2);
}

TEST_CASE("a block that is to be raised is not reported as in progress", "[block_keeper]")
{
    blocked_watch kept;
    kept.step_until(5s);
    CHECK(kept.blocks() == 0);
}

TEST_CASE("a progress report that there is no memory for is not counted as a block", "[block_keeper]")
{
    blocked_watch kept{runners::known, that_logs()};
    kept.host.no_memory_to_hand_over = true;
    kept.step_until(1100ms);
    CHECK(kept.host.dropped == 0);
    kept.host.no_memory_to_hand_over = false;
    kept.end_by_beat(2s - 1ms);
    CHECK(kept.blocks() == 1);
}

TEST_CASE("a second block has nothing of the first", "[block_keeper]")
{
    blocked_watch kept{runners::known, that_logs()};
    kept.step_until(1999ms);
    kept.threads.answers = false;
    kept.step_until(2001ms);  // a report is due, and its sample under way
    kept.end_by_beat(2001ms);
    kept.threads.answers = true;
    kept.host.blocks.clear();
    CHECK(kept.threads.revoked == 1);
    kept.step_until(2011ms);
    REQUIRE(kept.w->block() != nullptr);
    CHECK(kept.record().samples.moments().empty());
    CHECK_FALSE(kept.record().sampling);
    kept.step_until(2101ms);
    CHECK(kept.blocks() == 0);
    kept.end_by_beat(2201ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().waited == 200ms);
    CHECK(kept.last().later[0][0].stack.taken_at >= at(2011ms));
}

TEST_CASE("a stack that has not come by the end of the block is not waited for", "[block_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.threads.answers = false;
    kept.step(10ms);
    kept.step(20ms);
    CHECK(kept.threads.captured.size() == 1);  // and no sample is taken before
    kept.run_beat(30ms);
    kept.threads.answers = true;
    // It comes with the same look as the heartbeat.
    kept.step(30ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.threads.revoked == 1);
    CHECK(kept.last().first[0].stack.missing == capture_error::recovered);
}

TEST_CASE("a stack that was taken when the heartbeat had run shows nothing of the block", "[block_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.threads.time = at(21ms);  // when the thread answers
    kept.keeper.step(*kept.w, at(10ms), time_point::max());
    kept.run_beat(20ms);
    kept.step(22ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().first[0].stack.size == 0);
    CHECK(kept.last().first[0].stack.missing == capture_error::recovered);
}

TEST_CASE("stacks of threads that had all left the loop show nothing of the block that ended by it", "[block_keeper]")
{
    kept_watch kept;
    kept.threads.where = GENERATE(standing::outside, standing::handler);
    kept.block_until(30ms);
    bool const by_stop = GENERATE(true, false);
    if (by_stop)
        kept.target->is_stopped = true;
    else
        kept.run_beat(31ms);
    kept.step(32ms);
    REQUIRE(kept.blocks() == 1);
    bool const is_dropped = by_stop && kept.threads.where == standing::outside;
    CHECK(kept.last().first[0].stack.size == (is_dropped ? 0 : 1));
}

TEST_CASE("while a capture is under way the watchdog looks for its answer ever more rarely", "[block_keeper]")
{
    kept_watch kept;
    kept.step(0ms);
    kept.threads.answers = false;
    CHECK(kept.step(10ms) == 10050us);
    CHECK(kept.step(10050us) == 10100us);
    CHECK(kept.step(10400us) == 10800us);
    CHECK(kept.step(20ms) == 21500us);
    kept.threads.answers = true;
    CHECK(kept.step(21500us) == 23ms);
}

TEST_CASE("the loop's threads are looked at that run it, not those that did", "[block_keeper]")
{
    kept_watch kept;
    kept.w->threads.add(second);  // ran a heartbeat once
    kept.enter(stranger);
    kept.step(0ms);
    kept.step(10ms);
    CHECK(kept.threads.captured == std::vector{runner, stranger});
    kept.run_beat(30ms, stranger);
    kept.step(30ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().first.size() == 2);
    CHECK(kept.last().others.empty());
    CHECK(kept.last().ran_by == 1);
    CHECK(kept.last().all_threads);
    CHECK_FALSE(kept.last().lives[0].since_seen);
    CHECK(kept.last().lives[1].since_seen);
}

TEST_CASE("a heartbeat that ran on a thread that was not looked at tells how long that waited for a CPU",
          "[block_keeper]")
{
    blocked_watch kept{runners::unknown};
    kept.all[stranger].counters.run_delay = 7ms;
    kept.run_beat(30ms, stranger);
    kept.step(30ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().ran_by == raw_block::none);
    CHECK(kept.last().newcomer_waited == 7ms);
    CHECK_FALSE(kept.last().run_elsewhere);
}

TEST_CASE("a thread that is but presumed to run the loop answers for no block that another has run", "[block_keeper]")
{
    kept_watch kept{runners::unknown};
    kept.w->threads.presume({.number = runner});
    kept.step(0ms);
    kept.step(10ms);
    kept.run_beat(30ms, stranger);
    kept.step(30ms);
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().run_elsewhere);
}

TEST_CASE("a loop that has never run is looked at for a second, and then only to report progress", "[block_keeper]")
{
    kept_watch kept{runners::unknown, that_logs()};
    kept.w->threads.presume({.number = runner});
    kept.step(0ms);
    kept.step(10ms);
    for (int i = 0; i < 1000 && kept.threads.time < at(1001ms); ++i) kept.step(kept.step(kept.threads.time - at(0ms)));
    auto const captures = kept.threads.captured.size();
    CHECK(kept.step(1100ms) == 2s);
    kept.step(1999ms);
    CHECK(kept.threads.captured.size() == captures);
    CHECK(kept.step(2s) == 4s);
    CHECK(kept.threads.captured.size() == captures + 1);
}

TEST_CASE("who holds a mutex that a thread of the loop waits for is looked at as well", "[block_keeper]")
{
    kept_watch kept;
    kept.all[runner].reading.call.mutex_owner = second;
    kept.step(0ms);
    kept.step(10ms);
    CHECK(kept.threads.captured == std::vector{runner, second});
    kept.run_beat(30ms);
    kept.step(30ms);
    REQUIRE(kept.blocks() == 1);
    REQUIRE(kept.last().holder);
    CHECK(kept.last().holder->stack.thread == second);
    CHECK(kept.last().holder_name == std::to_string(second));
    CHECK(kept.last().first.size() == 1);
}

TEST_CASE("of a strand's context the one thread is looked at that holds the strand", "[block_keeper]")
{
    kept_watch kept;
    kept.w->strand = {strand_address, 0, 16};
    kept.enter(second);
    kept.step(0ms);

    SECTION("it is one")
    {
        kept.enter(second, strand_address);
        kept.step(10ms);
        CHECK(kept.threads.captured == std::vector{second});
        CHECK(kept.w->block()->record->hold == strand_hold::by_one);
        CHECK(kept.w->block()->record->threads[0].strand.address == strand_address);
    }
    SECTION("between two of its handlers nobody does, for a moment")
    {
        kept.host.when_searched = [&] {
            kept.host.when_searched = [&] { kept.host.when_searched = [&] { kept.enter(runner, strand_address); }; };
        };
        kept.step(10ms);
        CHECK(kept.threads.captured == std::vector{runner});
    }
    SECTION("nobody does")
    {
        kept.step(10ms);
        CHECK(kept.threads.captured == std::vector{runner, second});
        CHECK(kept.w->block()->record->hold == strand_hold::by_nobody);
    }
    SECTION("not all threads can be looked into")
    {
        kept.host.sees_all = false;
        kept.step(10ms);
        CHECK(kept.w->block()->record->hold == strand_hold::untold);
    }
}

TEST_CASE("if all of a strand's known threads wait, others of the process are looked at", "[block_keeper]")
{
    thread_reading waiting;
    if (!may_sleep_for_work(waiting)) return;  // where no call of the kernel's is known
    kept_watch kept{runners::unknown, {.threshold = 10ms, .on_strand = true}};
    kept.all[stranger];
    bool const waits = GENERATE(true, false);
    if (waits) kept.all[runner].reading = waiting;
    kept.step(0ms);
    kept.step(10ms);
    if (!waits) {
        CHECK(kept.threads.captured == std::vector{runner});
        return;
    }
    CHECK(kept.threads.captured == std::vector{runner, stranger});
    kept.step(12500us);  // a sample is of all of them
    CHECK(kept.threads.captured == std::vector{runner, stranger, runner, stranger});
    kept.threads.captured.clear();
    kept.request_end(13ms, stranger);  // and the last look of the loop's own
    kept.step(13ms);
    CHECK(kept.threads.captured == std::vector{runner});
    REQUIRE(kept.blocks() == 1);
    CHECK(kept.last().how == ending::watch);
    CHECK(kept.last().first.size() == 1);
    CHECK(kept.last().others.size() == 1);
    CHECK(kept.last().lives.size() == 1);
    CHECK(kept.last().other_lives.size() == 1);
    CHECK(kept.last().all_threads);
    CHECK(kept.last().seen(1).stack.thread == stranger);
    CHECK(kept.last().latest.size() == 1);
    SECTION("as many as there is room for")
    {
        kept_watch crowd{runners::unknown, {.threshold = 10ms, .on_strand = true}};
        for (std::size_t i = 0; i < loop_threads::max; ++i) crowd.all[stranger + static_cast<thread_number>(i)];
        crowd.all[runner].reading = waiting;
        crowd.step(0ms);
        crowd.step(10ms);
        CHECK(crowd.threads.captured.size() == loop_threads::max);
        crowd.run_beat(20ms);
        crowd.step(20ms);
        REQUIRE(crowd.blocks() == 1);
        CHECK_FALSE(crowd.last().all_threads);
    }
}

}  // namespace made_up
