// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <loopwatch/impl/analysis/answering.hpp>

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <vector>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

constexpr bool context = false;
constexpr bool strand = true;

/// From a moment of the block on.
allowed_time allowed_for(nanoseconds amount, nanoseconds from = 0ms, nanoseconds budget = no_budget)
{
    static allowance_name reason{"reload"};
    allowed_segment const segment{.from = made::began_at + from,
                                  .to = made::began_at + from + amount,
                                  .amount = amount,
                                  .what = &reason,
                                  .scope = 1,
                                  .budget = budget};
    return {{&segment, 1}, made::began_at, made::began_at + 100ms};
}

named_thread thread_in(position where, thread_life life = {})
{
    return made::thread({made::look(10ms, made::handler(), where)}, std::move(life));
}

std::size_t who(std::initializer_list<position> where, std::vector<nanoseconds> const& allowed, std::size_t shown,
                bool on_strand)
{
    named_block block = made::block({});
    for (position const p : where) block.threads.push_back(thread_in(p));
    std::vector<allowed_time> of_threads;
    for (nanoseconds const each : allowed) of_threads.push_back(allowed_for(each));
    return answering(block, of_threads, shown, on_strand);
}

block_allowances allowances(std::initializer_list<allowed_time> of_threads, allowed_time most = {})
{
    return {.of_threads = of_threads, .most = std::move(most)};
}

answer who_answers(named_block const& block, block_allowances const& allowed, finding const& found = {},
                   bool on_strand = context)
{
    return answer_for(block, found, allowed, on_strand, 10ms);
}

}  // namespace

TEST_CASE("the thread that is shown answers if none was allowed more or less", "[allowance][portable]")
{
    using enum position;
    CHECK(who({handler, handler}, {0ms, 0ms}, 0, context) == 0);
    CHECK(who({handler, handler}, {0ms, 0ms}, 0, strand) == 0);
    CHECK(who({unknown, unknown}, {7ms, 7ms}, 1, context) == 1);
    CHECK(who({parked, handler}, {0ms, 50ms}, 1, context) == 1);
}

TEST_CASE("a context is blocked by the thread that was allowed least", "[allowance][portable]")
{
    using enum position;
    CHECK(who({handler, handler, handler}, {50ms, 0ms, 20ms}, 0, context) == 1);
    CHECK(who({handler, parked, handler}, {50ms, 0ms, 20ms}, 0, context) == 2);
}

TEST_CASE("where it is not known who held the loop, the thread answers that was allowed most", "[allowance][portable]")
{
    using enum position;
    CHECK(who({handler, handler, handler}, {0ms, 50ms, 20ms}, 0, strand) == 1);
    CHECK(who({unknown, unknown, parked}, {0ms, 20ms, 50ms}, 0, context) == 1);
}

TEST_CASE("who answers brings along what it was allowed", "[allowance][portable]")
{
    using enum position;
    named_block const block = made::block({thread_in(handler), thread_in(handler)});
    auto const allowed = allowances({allowed_for(50ms), allowed_for(20ms)}, allowed_for(80ms));
    CHECK(who_answers(block, allowed).thread == 1);
    CHECK(who_answers(block, allowed).allowed.total() == 20ms);
    CHECK(who_answers(block, allowed, {}, strand).thread == 0);
    CHECK(who_answers(block, allowed, {}, strand).allowed.total() == 50ms);

    SECTION("of a strand that nobody holds any of its context's threads may be waited for")
    {
        named_block free = block;
        free.hold = strand_hold::by_nobody;
        CHECK(who_answers(free, allowed, {}, strand).thread == 1);
    }
    SECTION("if the one that held the loop was not seen, what any thread was allowed")
    {
        named_block const idle = made::block({thread_in(parked), thread_in(parked)});
        CHECK(who_answers(idle, allowed).allowed.total() == 80ms);
        named_block let_go = block;
        let_go.threads[0].looks[0].let_go = true;
        CHECK(who_answers(let_go, allowed).thread == 0);
        CHECK(who_answers(let_go, allowed).allowed.total() == 80ms);
    }
}

TEST_CASE("if no thread was met in a handler, the one that waited longest for a CPU answers", "[allowance][portable]")
{
    using enum position;
    auto const none = allowances({{}, {}, {}});
    named_block block = made::block(
        {thread_in(parked, made::life(0ms, 5ms)), thread_in(parked, made::life(0ms, 60ms)), thread_in(parked)});
    CHECK(who_answers(block, none).thread == 1);
    CHECK(who_answers(block, none).free_starved == 0ms);  // it is its own wait
    SECTION("but of those that waited as long the one that ran the heartbeat")
    {
        block.threads[1].life = {};
        block.threads[0].life = {};
        block.ran_by = 2;
        CHECK(who_answers(block, none).thread == 2);
    }
    SECTION("as well if it was over before one was seen")
    {
        block.threads[0].looks[0].where = unknown;
        CHECK(who_answers(block, none).thread == 0);
        block.threads[0].looks[0].missing = capture_error::recovered;
        CHECK(who_answers(block, none).thread == 1);
        block.threads[0].looks.push_back(made::look(20ms, made::handler()));
        CHECK(who_answers(block, none).thread == 0);
    }
}

TEST_CASE("a thread that may have been free counts for what it waited for a CPU", "[starved][portable]")
{
    using enum position;
    auto const none = allowances({{}, {}, {}});
    named_block block = made::block(
        {thread_in(handler), thread_in(parked, made::life(0ms, 30ms)), thread_in(outside, made::life(0ms, 70ms))});
    CHECK(who_answers(block, none).thread == 0);
    CHECK(who_answers(block, none).free_starved == 30ms);
    SECTION("also one that got no CPU to answer on")
    {
        block.threads[1].looks[0].where = unknown;
        CHECK(who_answers(block, none).free_starved == 30ms);
        block.threads[1].looks[0].where = handler;
        CHECK(who_answers(block, none).free_starved == 0ms);
    }
    SECTION("as does the one that ran the heartbeat, wherever it was, or had never run the loop before")
    {
        block.ran_by = 2;
        CHECK(who_answers(block, none).free_starved == 70ms);
        block.ran_by = block_facts::none;
        block.newcomer_waited = 40ms;
        CHECK(who_answers(block, none).free_starved == 40ms);
        block.newcomer_waited = 1s;
        CHECK(who_answers(block, none).free_starved == 100ms);
    }
    SECTION("from the beginning on, if it was met late and was ready to run then")
    {
        block.threads[1].life.since_seen = true;
        block.threads[1].life.from.at = block.sent_at + 12ms;
        block.threads[1].looks[0].reading.state = 'S';
        CHECK(who_answers(block, none).free_starved == 30ms);
        block.threads[1].looks[0].reading.state = 'R';
        CHECK(who_answers(block, none).free_starved == 42ms);
    }
    SECTION("but not of a strand, nor where stacks do not tell who is free")
    {
        CHECK(who_answers(block, none, {.on_strand = true}).free_starved == 0ms);
        CHECK(who_answers(block, none, {.by_asio = false}).free_starved == 0ms);
    }
}

TEST_CASE("what is left when allowances are taken off is blamed, and shown where it was not allowed",
          "[allowance][portable]")
{
    named_thread const thread = made::thread({made::look(10ms, made::handler()), made::look(30ms, {}),
                                              made::look(35ms, made::handler(), position::parked),
                                              made::look(40ms, made::handler()), made::look(50ms, made::handler())});
    named_block block = made::block({thread});
    auto const of = [&](allowed_time const& allowed, bool left_since = false) {
        return who_answers(block, allowances({allowed}), {.left_since = left_since});
    };
    CHECK_FALSE(of({}).excludes_allowed);
    SECTION("all but less than the threshold was allowed")
    {
        CHECK_FALSE(of(allowed_for(95ms)).excludes_allowed);
        CHECK(of(allowed_for(95ms)).look == 0);
    }
    SECTION("the deadline was")
    {
        auto const by = of(allowed_for(25ms));
        CHECK(by.excludes_allowed);
        CHECK(by.look == 3);
    }
    SECTION("the deadline was not")
    {
        CHECK(of(allowed_for(60ms, 40ms)).excludes_allowed);
        CHECK(of(allowed_for(60ms, 40ms)).look == 0);
    }
    SECTION("none was met that was not allowed") { CHECK(of(allowed_for(60ms)).look == 0); }
    SECTION("it went beyond its budget")
    {
        auto const by = of(allowed_for(100ms, 0ms, 35ms));
        CHECK(by.excludes_allowed);
        CHECK(by.allowed.over() == 65ms);
        CHECK(by.look == 3);
        CHECK(of(allowed_for(100ms, 0ms, 35ms), true).allowed.over() == 0ms);  // when the loop was left is not known
    }
    SECTION("what it waited for a CPU may have been in its scope")
    {
        block.threads[0].life = made::life(0ms, 60ms);
        CHECK_FALSE(of(allowed_for(95ms, 0ms, 35ms)).excludes_allowed);
        CHECK(of(allowed_for(100ms, 0ms, 35ms)).allowed.over() == 5ms);
    }
}
