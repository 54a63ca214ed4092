// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/allowance/allowed_time.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

constexpr time_point block_at{1s};

allowed_segment segment(allowance_name& what, nanoseconds from, nanoseconds to, std::uint64_t scope = 1,
                        nanoseconds budget = no_budget)
{
    return {block_at + from, block_at + to, to - from, &what, scope, budget};
}

/// Of a block from 0 to 100 ms.
allowed_time of_block(std::vector<allowed_segment> const& noted) { return {noted, block_at, block_at + 100ms}; }

}  // namespace

TEST_CASE("only the overlap of an allowance with the block counts", "[allowance][portable]")
{
    allowance_name a{"a"};
    CHECK(of_block({}).total() == 0ms);
    CHECK(of_block({segment(a, -50ms, -10ms)}).total() == 0ms);
    CHECK(of_block({segment(a, 100ms, 200ms)}).total() == 0ms);
    CHECK(of_block({segment(a, -50ms, 10ms)}).total() == 10ms);
    CHECK(of_block({segment(a, 90ms, 200ms)}).total() == 10ms);
    CHECK(of_block({segment(a, -1s, 1s)}).total() == 100ms);
    CHECK(of_block({segment(a, 10ms, 20ms), segment(a, 30ms, 35ms)}).total() == 15ms);

    SECTION("of a merged one, no more than was allowed in all of it")
    {
        auto merged = segment(a, -100ms, 50ms);
        merged.amount = 20ms;
        CHECK(of_block({merged}).total() == 20ms);
        merged.amount = 120ms;
        CHECK(of_block({merged}).total() == 50ms);
    }
    SECTION("what of it lies before a moment")
    {
        auto allowed = of_block({segment(a, 10ms, 20ms), segment(a, 30ms, 50ms)});
        CHECK(allowed.within(0ms, 15ms) == 5ms);
        CHECK(allowed.within(15ms, 40ms) == 15ms);
        CHECK(allowed.within(60ms, 70ms) == 0ms);
        allowed.end_at(35ms);
        CHECK(allowed.total() == 15ms);
        allowed.end_at(30ms);
        CHECK(allowed.total() == 10ms);
    }
}

TEST_CASE("a moment was allowed if it lies in an allowance", "[allowance][portable]")
{
    allowance_name a{"a"};
    auto const allowed = of_block({segment(a, 10ms, 20ms)});
    CHECK_FALSE(allowed.at(9ms));
    CHECK(allowed.at(10ms));
    CHECK(allowed.at(19ms));
    CHECK_FALSE(allowed.at(20ms));

    SECTION("of a merged one, if most of it was")
    {
        auto merged = segment(a, 10ms, 20ms);
        merged.amount = 1ms;
        CHECK_FALSE(of_block({merged}).at(15ms));
        merged.amount = 9ms;
        CHECK(of_block({merged}).at(15ms));
    }
}

TEST_CASE("a budget is of one scope in one block", "[allowance][portable]")
{
    allowance_name a{"reload certificates"};
    SECTION("kept")
    {
        auto allowed = of_block({segment(a, 0ms, 50ms, 1, 50ms)});
        allowed.hold_to_budgets(0ms);
        CHECK(allowed.over() == 0ms);
        CHECK(allowed.total() == 50ms);
        CHECK(allowed.over_text().empty());
    }
    SECTION("kept by each of two scopes")
    {
        auto allowed = of_block({segment(a, 0ms, 40ms, 1, 50ms), segment(a, 50ms, 90ms, 2, 50ms)});
        allowed.hold_to_budgets(0ms);
        CHECK(allowed.over() == 0ms);
    }
    SECTION("kept within the block, though the scope is longer")
    {
        auto allowed = of_block({segment(a, -500ms, 40ms, 1, 50ms)});
        allowed.hold_to_budgets(0ms);
        CHECK(allowed.over() == 0ms);
    }
    SECTION("exceeded: what is beyond it is the last of its time")
    {
        auto allowed = of_block({segment(a, 10ms, 80ms, 1, 50ms)});
        allowed.hold_to_budgets(0ms);
        CHECK(allowed.over() == 20ms);
        CHECK(allowed.total() == 50ms);
        CHECK(allowed.at(59ms));
        CHECK_FALSE(allowed.at(60ms));
        CHECK(allowed.over_text() == "20.0 ms over the 50.0 ms allowed for \"reload certificates\"");
    }
    SECTION("exceeded by pieces together: the last ones go first")
    {
        auto allowed = of_block(
            {segment(a, 0ms, 30ms, 1, 20ms), segment(a, 40ms, 45ms, 1, 20ms), segment(a, 50ms, 60ms, 1, 20ms)});
        allowed.hold_to_budgets(0ms);
        CHECK(allowed.over() == 25ms);
        CHECK(allowed.total() == 20ms);
        CHECK(allowed.at(19ms));
        CHECK_FALSE(allowed.at(20ms));
        CHECK_FALSE(allowed.at(42ms));
    }
    SECTION("not by what the thread waited for others")
    {
        auto allowed = of_block({segment(a, 10ms, 80ms, 1, 50ms)});
        allowed.hold_to_budgets(15ms);
        CHECK(allowed.over() == 5ms);
        CHECK(allowed.total() == 65ms);
        auto starved = of_block({segment(a, 10ms, 80ms, 1, 50ms)});
        starved.hold_to_budgets(20ms);
        CHECK(starved.over() == 0ms);
        CHECK(starved.total() == 70ms);
    }
    SECTION("of two that are exceeded, the one that is by more is told")
    {
        allowance_name b{"b"};
        auto allowed = of_block({segment(a, 0ms, 20ms, 1, 10ms), segment(b, 20ms, 60ms, 2, 10ms)});
        allowed.hold_to_budgets(0ms);
        CHECK(allowed.over() == 40ms);
        CHECK(allowed.over_text() == "30.0 ms over the 10.0 ms allowed for \"b\"");
        CHECK(allowed.total() == 20ms);
    }
}

TEST_CASE("an excuse names the longest first, and not too many", "[allowance][portable]")
{
    allowance_name a{"a"}, b{"b"}, c{"c"}, d{"d"}, e{"e"};
    CHECK(of_block({}).text(100ms).empty());
    CHECK(of_block({segment(a, 0ms, 48ms)}).text(100ms) == "a (48.0 ms)");
    CHECK(of_block({segment(a, 0ms, 48ms)}).text(47ms) == "a (47.0 ms)");
    CHECK(of_block({segment(a, 0ms, 3ms), segment(b, 3ms, 10ms), segment(a, 10ms, 12ms)}).text(100ms) ==
          "b (7.0 ms), a (5.0 ms)");
    CHECK(of_block({segment(a, 0ms, 1ms), segment(b, 1ms, 3ms), segment(c, 3ms, 6ms), segment(d, 6ms, 10ms),
                    segment(e, 10ms, 15ms)})
              .text(100ms) == "e (5.0 ms), d (4.0 ms), c (3.0 ms) and 2 more");
}

TEST_CASE("what is next to nothing of the block is neither told nor of use", "[allowance][portable]")
{
    allowance_name a{"a"}, b{"b"};
    auto const allowed = of_block({segment(a, 0ms, 60ms), segment(b, 60ms, 60ms + 900us)});
    CHECK(allowed.text(100ms) == "a (60.0 ms)");
    allowed.note_use(100ms);
    CHECK(a.excused);
    CHECK_FALSE(b.excused);
    // Unless it is all that there is.
    CHECK(of_block({segment(b, 0us, 5us)}).text(100ms) == "b (5.0 us)");
}

TEST_CASE("what was of use is noted of every name", "[allowance][portable]")
{
    allowance_name a{"a"}, b{"b"}, c{"c"};
    of_block({segment(a, 0ms, 3ms), segment(b, 3ms, 10ms), segment(c, 200ms, 300ms)}).note_use(100ms);
    CHECK(a.excused);
    CHECK(b.excused);
    CHECK_FALSE(c.excused);
}
