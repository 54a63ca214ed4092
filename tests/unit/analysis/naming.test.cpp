// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/analysis/naming.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

#if LOOPWATCH_HAS_SIGNAL_CAPTURE()

namespace {

constexpr time_point naming_began_at{1h};

void named_function() {}

seen_thread to_be_named(nanoseconds after, standing where = standing::handler, thread_number thread = 7)
{
    seen_thread t{};
    t.stack.thread = thread;
    t.stack.taken_at = naming_began_at + after;
    t.stack.missing = capture_error::none;
    t.stack.addresses[0] = reinterpret_cast<std::uintptr_t>(&named_function);
    t.stack.size = 1;
    t.stack.first_is_exact = true;
    t.stack.where = where;
    t.stack.inner_frames = 1;
    t.reading.thread = thread;
    t.reading.major_faults = static_cast<std::uint64_t>(after / 1ms);
    return t;
}

raw_block to_be_named(seen_thread const& at_deadline)
{
    raw_block raw;
    raw.sent_at = naming_began_at;
    raw.waited = 100ms;
    raw.knows_runners = true;
    raw.first = {at_deadline};
    raw.lives.resize(1);
    raw.lives[0].name = "ingest";
    return raw;
}

named_block names_of(raw_block const& raw)
{
    symbolizer names;
    return named(raw, names);
}

std::vector<nanoseconds> times_of(named_thread const& thread)
{
    std::vector<nanoseconds> all;
    for (named_look const& look : thread.looks) all.push_back(look.taken_at - naming_began_at);
    return all;
}

}  // namespace

TEST_CASE("what a thread did after the end is not taken for what it did before", "[naming]")
{
    auto const read_in_call = [](nanoseconds stack, nanoseconds counters, nanoseconds done) {
        seen_thread t = to_be_named(stack);
        t.reading.at = t.reading.counters.at = naming_began_at + counters;
        t.reading.done_at = naming_began_at + done;
        t.reading.counters.known = true;
        t.reading.state = 'S';
        t.reading.in_kernel = true;
        t.reading.call.number = 232;
        return t;
    };
    raw_block raw = to_be_named(to_be_named(10ms));
    raw.later = {
        {read_in_call(20ms, 20ms, 21ms)}, {read_in_call(90ms, 91ms, 100ms)}, {read_in_call(95ms, 100ms, 101ms)}};
    named_block const block = names_of(raw);
    auto const& looks = block.threads[0].looks;
    REQUIRE(looks.size() == 4);
    CHECK(looks[1].reading.in_kernel);
    CHECK_FALSE(looks[2].reading.in_kernel);
    CHECK(looks[2].reading.state == 0);
    CHECK(looks[2].reading.counters.known);
    CHECK_FALSE(looks[3].reading.in_kernel);
    CHECK_FALSE(looks[3].reading.counters.known);
}

TEST_CASE("a block with names has each thread's looks that were taken before the end", "[naming]")
{
    raw_block raw = to_be_named(to_be_named(10ms));
    raw.others = {to_be_named(11ms, standing::handler, 8)};
    raw.other_lives.resize(1);
    raw.later = {{to_be_named(20ms), to_be_named(21ms, standing::outside, 8)},
                 {to_be_named(60ms)},
                 {to_be_named(100ms)},  // the heartbeat has run
                 {to_be_named(150ms)}};
    named_block const block = names_of(raw);
    CHECK(block.sent_at == naming_began_at);
    REQUIRE(block.looked_at() == 2);
    CHECK(times_of(block.threads[0]) == std::vector<nanoseconds>{10ms, 20ms, 60ms});
    CHECK(times_of(block.thread(1)) == std::vector<nanoseconds>{11ms, 21ms});
    CHECK(block.threads[0].life.name == "ingest");
    CHECK(block.threads[0].last.major_faults == 150);
    named_look const& look = block.threads[0].at_deadline();
    CHECK(look.thread == 7);
    CHECK(look.where == position::handler);
    CHECK(look.handler.known);
    REQUIRE(look.frames.size() == 1);
    CHECK(look.frames[0].address == raw.first[0].stack.addresses[0]);
    CHECK(block.others[0].looks[1].where == position::outside);
    CHECK_FALSE(block.holder);
}

TEST_CASE("of a thread that was in no handler at the deadline only that look is named", "[naming]")
{
    for (standing const where : {standing::parked, standing::outside}) {
        raw_block raw = to_be_named(to_be_named(10ms, where));
        raw.later = {{to_be_named(20ms)}};
        CHECK(times_of(names_of(raw).threads[0]) == std::vector<nanoseconds>{10ms});
        CHECK(names_of(raw).threads[0].last.major_faults == 20);
        // The stack does not tell where Asio calls no handler.
        raw.knows_runners = false;
        raw.beat_path = raw.first[0].stack;
        CHECK(names_of(raw).threads[0].looks.size() == 2);
    }
}

TEST_CASE("the last look is named where no heartbeat tells of the end, and the path of one that does", "[naming]")
{
    raw_block raw = to_be_named(to_be_named(10ms));
    raw.latest = {to_be_named(90ms)};
    raw.beat_path = raw.first[0].stack;
    CHECK(names_of(raw).latest.empty());
    CHECK(names_of(raw).beat_path.size() == 1);
    raw.how = ending::watch;
    CHECK(names_of(raw).latest.size() == 1);
    CHECK(names_of(raw).beat_path.empty());
    raw.how = ending::stopped;
    CHECK(names_of(raw).latest.empty());
}

TEST_CASE("who awaits a coroutine and who holds the mutex have names as well", "[naming]")
{
    raw_block raw = to_be_named(to_be_named(10ms));
    snapshot& stack = raw.first[0].stack;
    stack.awaited = stack.addresses[0];
    stack.awaiters[0] = stack.addresses[0];
    stack.awaiters_size = 1;
    raw.holder = to_be_named(12ms, standing::unknown, 9);
    named_block const block = names_of(raw);
    named_look const& look = block.threads[0].at_deadline();
    CHECK(look.awaited == look.frames[0].function);
    REQUIRE(look.awaiters.size() == 1);
    CHECK(look.awaiters[0].address == stack.addresses[0]);
    REQUIRE(block.holder);
    CHECK(block.holder->thread == 9);
    CHECK(block.holder->frames.size() == 1);
}

#endif
