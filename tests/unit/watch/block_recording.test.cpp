// SPDX-License-Identifier: BSL-1.0

// What a keeper tells a black box of a block, and when.
#include "kept_watch.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <loopwatch/impl/block/block_recorder.hpp>

namespace made_up {

using loopwatch::block_report;

namespace {

struct told {
    std::string what;
    std::size_t place;
    nanoseconds length;
    bool with_stacks;
    std::size_t samples;
};

class recorder_of_calls final : public block_recorder {
public:
    std::size_t record(std::size_t place, block_under_way const& block) noexcept override
    {
        calls.push_back({"block", place, block.length.at_least, block.first_taken, block.later.size()});
        last_threads = block.first->of_loop().size();
        loop = block.loop;
        baseline = block.baseline.size();
        return 3;
    }
    void record_length(std::size_t place, nanoseconds at_least, time_point) noexcept override
    {
        calls.push_back({"length", place, at_least, false, 0});
    }
    void record_end(std::size_t place, bool to_be_reported, time_point) noexcept override
    {
        calls.push_back({to_be_reported ? "over" : "forgotten", place, {}, false, 0});
    }
    void record(void const*, block_report const&) noexcept override {}
    void settled(void const*, time_point) noexcept override {}
    void record_modules() noexcept override {}

    [[nodiscard]] std::size_t count(std::string const& what) const
    {
        std::size_t n = 0;
        for (told const& t : calls)
            if (t.what == what) ++n;
        return n;
    }

    std::vector<told> calls;
    std::size_t last_threads{0};
    std::size_t baseline{0};
    std::string loop;
};

class deaf final : public report_receiver {
public:
    void receive(report_outline&, time_point, bool) override {}
};

struct recorded_watch {
    explicit recorded_watch()
    {
        shared<report_receiver> const to{new deaf};
        to->record_to(recorder.get());
        watch_settings how{.threshold = 10ms};
        how.name = "api";
        how.receiver = to;
        k = make_owned<kept_watch>(runners::known, how);
    }
    shared<recorder_of_calls> recorder{new recorder_of_calls};
    owned<kept_watch> k;
};

}  // namespace

TEST_CASE("nothing is recorded while the loop is in time")
{
    recorded_watch w;
    w.k->step(0ms);
    w.k->step(5ms);
    w.k->run_beat(6ms);
    w.k->step(7ms);
    CHECK(w.recorder->calls.empty());
}

TEST_CASE("a block is recorded as soon as its deadline is missed, with the stack")
{
    recorded_watch w;
    w.k->step(0ms);
    w.k->step(11ms);
    REQUIRE(w.recorder->count("block") == 1);
    CHECK(w.recorder->calls[0].place == block_recorder::none);
    CHECK(w.recorder->calls[0].with_stacks);
    CHECK(w.recorder->calls[0].length >= 10ms);
    CHECK(w.recorder->last_threads == 1);
    CHECK(w.recorder->baseline == 1);
    CHECK(w.recorder->loop == "api");
}

TEST_CASE("where the thread has not answered, the block is recorded at once, and its stack when it has")
{
    recorded_watch w;
    w.k->threads.answers = false;
    w.k->step(0ms);
    w.k->step(11ms);
    REQUIRE(w.recorder->count("block") == 1);
    CHECK_FALSE(w.recorder->calls[0].with_stacks);
    w.k->step(12ms);
    CHECK(w.recorder->count("block") == 1);
    w.k->threads.answers = true;
    w.k->step(13ms);
    REQUIRE(w.recorder->count("block") == 2);
    told const* last = nullptr;
    for (told const& t : w.recorder->calls)
        if (t.what == "block") last = &t;
    CHECK(last->with_stacks);
    CHECK(last->place == 3);
}

TEST_CASE("while a block lasts its length and its samples are recorded")
{
    recorded_watch w;
    w.k->block_until(60ms);
    CHECK(w.recorder->count("length") > 20);
    std::size_t samples = 0;
    nanoseconds longest{};
    for (told const& t : w.recorder->calls) {
        samples = std::max(samples, t.samples);
        longest = std::max(longest, t.length);
    }
    CHECK(samples >= 3);
    CHECK(longest >= 59ms);
}

TEST_CASE("the end of a block is recorded, and whether a report follows")
{
    recorded_watch w;
    w.k->block_until(20ms);
    SECTION("the heartbeat has run")
    {
        w.k->run_beat(21ms);
        w.k->step(22ms);
        CHECK(w.recorder->count("over") == 1);
        CHECK(w.recorder->count("forgotten") == 0);
        CHECK(w.recorder->calls.back().place == 3);
    }
    SECTION("there is no memory for the report: then this is all that is known of it")
    {
        w.k->host.no_memory_to_hand_over = true;
        w.k->run_beat(21ms);
        w.k->step(22ms);
        CHECK(w.recorder->count("over") == 1);
    }
    SECTION("the loop is left")
    {
        w.k->leave(runner);
        w.k->step(22ms);
        CHECK(w.recorder->count("over") == 1);
    }
}

TEST_CASE("a watch without a black box records nothing")
{
    kept_watch k;
    k.block_until(30ms);
    k.run_beat(31ms);
    k.step(32ms);
    CHECK(k.blocks() == 1);
}

TEST_CASE("that a block is over is recorded before the reporter hears of it, which may be done with it at once")
{
    recorded_watch w;
    w.k->block_until(20ms);
    std::size_t over_by_then = 0;
    w.k->host.when_handed_over = [&] { over_by_then = w.recorder->count("over"); };
    w.k->run_beat(21ms);
    w.k->step(22ms);
    CHECK(w.k->blocks() == 1);
    CHECK(over_by_then == 1);
    CHECK(w.recorder->count("over") == 1);
    CHECK(w.recorder->count("forgotten") == 0);
}

}  // namespace made_up
