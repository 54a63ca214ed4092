// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <loopwatch/impl/analysis/cause/thread_samples.hpp>

#include <chrono>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

thread_samples samples_of(named_thread const& thread, answer const& by = {})
{
    return samples_of(thread, by, made::began_at);
}

/// In a handler, by a stack that tells it from others.
named_look in_handler_at(nanoseconds after, char const* do_complete = made::do_complete)
{
    named_look look = made::look(after, made::handler());
    look.handler.known = true;
    look.handler.function = do_complete;
    return look;
}

named_look between_handlers_at(nanoseconds after)
{
    named_look look = made::look(after, made::stack({"asio::detail::scheduler::run()"}), position::parked);
    look.handler.known = look.handler.between = true;
    return look;
}

}  // namespace

TEST_CASE("each look at the thread in the loop is a sample", "[thread_samples]")
{
    named_look running = in_handler_at(60ms);
    running.in_call = true;
    auto const all = samples_of(made::thread({in_handler_at(10ms), between_handlers_at(20ms), running}));
    REQUIRE(all.shown.size() == 3);
    CHECK(all.shown[0].after == 10ms);
    CHECK(all.shown[0].doing == "on CPU");
    CHECK(all.shown[0].stack.size() == 2);
    CHECK(all.shown[0].stack_quality == stack_quality::exact);
    CHECK(all.shown[1].doing == "between two handlers");
    REQUIRE(all.counted.size() == 3);
    CHECK(all.counted[1].between);
    CHECK(all.counted[2].after == 60ms);
    CHECK(all.counted[2].what.what == activity::running);
    CHECK(all.counted[2].in_call);
    CHECK(all.handlers.count == 2);
    CHECK(all.counted[0].in_main);
    CHECK_FALSE(all.counted[1].in_main);
    CHECK_FALSE(all.counted[2].in_main);
    CHECK(all.last_in_handler == 60ms);
    CHECK(samples_of(made::thread({in_handler_at(10ms), between_handlers_at(20ms)})).last_in_handler == 10ms);
}

TEST_CASE("a look without a stack, or out of the loop, is no sample", "[thread_samples]")
{
    auto const all = samples_of(made::thread({made::look(10ms, {}, position::unknown),
                                              made::look(20ms, made::stack({"app::pause()"}), position::outside),
                                              made::look(30ms, made::handler(), position::unknown)}));
    REQUIRE(all.shown.size() == 1);
    CHECK(all.shown[0].after == 30ms);
    CHECK(all.counted.size() == 1);
    CHECK(all.last_in_handler == 0ms);
}

TEST_CASE("a sample of a moment that was allowed is shown, and counts for nothing", "[thread_samples]")
{
    allowance_name reason{"reload"};
    allowed_segment const segment{
        .from = made::began_at + 15ms, .to = made::began_at + 35ms, .amount = 20ms, .what = &reason, .scope = 1};
    answer by;
    by.allowed = {{&segment, 1}, made::began_at, made::began_at + 100ms};
    named_thread thread = made::thread({in_handler_at(10ms), in_handler_at(20ms, "of another"), in_handler_at(40ms)});
    thread.life.from = {.known = true, .at = made::began_at};
    for (named_look& look : thread.looks) {
        nanoseconds const after = look.taken_at - made::began_at;
        look.reading.counters = {.known = true, .at = look.taken_at, .on_cpu = after, .run_delay = {}, .slices = 1};
    }
    CHECK(samples_of(thread, by).counted.size() == 3);
    CHECK(samples_of(thread, by).handlers.count == 3);

    by.excludes_allowed = true;
    auto const all = samples_of(thread, by);
    CHECK(all.shown.size() == 3);
    REQUIRE(all.counted.size() == 2);
    CHECK(all.counted[1].after == 40ms);
    CHECK(all.counted[1].computed == 10ms);
    CHECK(all.handlers.count == 1);

    SECTION("nor does what was computed between it and one that was taken asleep")
    {
        thread.looks[2].asleep = true;
        auto const slept = samples_of(thread, by);
        REQUIRE(slept.counted.size() == 2);
        CHECK(slept.counted[0].computed == 15ms);
        CHECK(slept.counted[1].computed == 0ms);
    }
}
