// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <loopwatch/impl/analysis/cause/computed_times.hpp>

#include <chrono>
#include <vector>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

/// In a system call, with so much CPU time since the block began.
named_look in_call_at(nanoseconds after, nanoseconds on_cpu)
{
    named_look look = made::look(after, made::handler_in_call("read"));
    look.in_call = true;
    look.reading.counters = {
        .known = true, .at = made::began_at + after, .on_cpu = 5ms + on_cpu, .run_delay = {}, .slices = 4};
    return look;
}

named_look asleep_at(nanoseconds after, nanoseconds on_cpu)
{
    named_look look = in_call_at(after, on_cpu);
    look.asleep = true;
    return look;
}

std::vector<nanoseconds> computed(std::initializer_list<named_look> looks)
{
    thread_life life;
    life.from = {.known = true, .at = made::began_at, .on_cpu = 5ms};
    auto const times = computed_times(made::thread(looks, life), made::began_at);
    return {times.begin(), times.end()};
}

using times = std::vector<nanoseconds>;

}  // namespace

TEST_CASE("what a thread has computed between two samples is shared", "[computed_times]")
{
    CHECK(computed({in_call_at(10ms, 10ms), in_call_at(20ms, 18ms), in_call_at(40ms, 18ms)}) == times{14ms, 4ms, 0ms});
    SECTION("but by one that may have been asleep")
    {
        CHECK(computed({in_call_at(10ms, 0ms), in_call_at(20ms, 8ms), in_call_at(40ms, 18ms)}) ==
              times{0ms, 13ms, 5ms});
    }
    SECTION("for a moment at least, if it is in no call")
    {
        named_look running = in_call_at(20ms, 10ms);
        running.in_call = false;
        CHECK(computed({in_call_at(10ms, 10ms), running}) == times{10ms, 1ns});
    }
    SECTION("where nothing is counted, for the time between them, if it is in no call")
    {
        named_look running = in_call_at(30ms, 0ms);
        running.in_call = false;
        running.reading.counters = {};
        named_look in_call = in_call_at(40ms, 0ms);
        in_call.reading.counters = {};
        CHECK(computed({in_call_at(10ms, 10ms), running, in_call}) == times{20ms, 10ms, 0ms});
    }
    SECTION("of one that was met only at the deadline nothing is counted before")
    {
        thread_life life;
        life.since_seen = true;
        life.from = {.known = true, .at = made::began_at, .on_cpu = 5ms};
        auto const all =
            computed_times(made::thread({in_call_at(10ms, 10ms), in_call_at(20ms, 18ms)}, life), made::began_at);
        CHECK(times{all.begin(), all.end()} == times{0ms, 8ms});
    }
}

TEST_CASE("what a thread computed before it was seen asleep counts for the sample before", "[computed_times]")
{
    CHECK(computed({in_call_at(10ms, 10ms), asleep_at(20ms, 18ms), in_call_at(30ms, 20ms)}) == times{18ms, 0ms, 2ms});
    CHECK(computed({in_call_at(10ms, 10ms), asleep_at(20ms, 18ms), asleep_at(30ms, 20ms)}) == times{18ms, 2ms, 0ms});
    SECTION("there may be none") { CHECK(computed({asleep_at(10ms, 4ms), in_call_at(20ms, 9ms)}) == times{0ms, 5ms}); }
}

TEST_CASE("a look that is no sample has computed nothing, and takes nothing from the next one", "[computed_times]")
{
    named_look without_stack = in_call_at(20ms, 15ms);
    without_stack.frames.clear();
    named_look outside = in_call_at(30ms, 17ms);
    outside.where = position::outside;
    CHECK(computed({in_call_at(10ms, 10ms), without_stack, outside, in_call_at(40ms, 30ms)}) ==
          times{20ms, 0ms, 0ms, 10ms});
}
