// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/allowance/allowed_log.hpp>

#include <chrono>
#include <cstdint>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

constexpr time_point began_at{1s};
allowance_name certificates{"certificates"};
allowance_name logs{"logs"};

allowed_segment segment(nanoseconds from, nanoseconds to, std::uint64_t scope = 1, allowance_name& what = certificates,
                        nanoseconds budget = no_budget)
{
    return {began_at + from, began_at + to, to - from, &what, scope, budget};
}

nanoseconds total(allowed_log const& log)
{
    nanoseconds sum{};
    for (allowed_segment const& s : log.segments()) sum += s.amount;
    return sum;
}

/// So full that the next one needs a merger: of 1 ms each, 10 ms apart, of one scope each.
allowed_log full()
{
    allowed_log log;
    for (std::size_t i = 0; i < allowed_log::room; ++i) log.add(segment(i * 11ms, i * 11ms + 1ms, i + 1));
    return log;
}
constexpr nanoseconds after_full = allowed_log::room * 11ms;

}  // namespace

TEST_CASE("the log keeps segments in order, and none without a length", "[allowance][portable]")
{
    allowed_log log;
    CHECK(log.segments().empty());
    log.add(segment(0ms, 1ms));
    log.add(segment(2ms, 2ms));
    log.add(segment(2ms, 4ms));
    REQUIRE(log.segments().size() == 2);
    CHECK(log.segments()[0].from == began_at);
    CHECK(log.segments()[1].to == began_at + 4ms);
    log.clear();
    CHECK(log.segments().empty());
}

TEST_CASE("a full log merges the nearest neighbours, and loses no time", "[allowance][portable]")
{
    auto log = full();
    REQUIRE(log.segments().size() == allowed_log::room);
    log.add(segment(after_full, after_full + 1ms, 100));
    log.add(segment(after_full + 2ms, after_full + 3ms, 101));  // merges two old ones: all were 10 ms apart
    CHECK(log.segments().size() == allowed_log::room);
    CHECK(total(log) == (allowed_log::room + 2) * 1ms);

    log.add(segment(after_full + 20ms, after_full + 21ms, 102));
    auto const last = log.segments()[log.segments().size() - 1];
    auto const before = log.segments()[allowed_log::room - 2];
    CHECK(last.from == began_at + after_full + 20ms);
    // The two that were 1 ms apart.
    CHECK(before.from == began_at + after_full);
    CHECK(before.to == began_at + after_full + 3ms);
    CHECK(before.amount == 2ms);
    CHECK(before.scope == 0);
    CHECK(total(log) == (allowed_log::room + 3) * 1ms);
}

TEST_CASE("a wide gap, in which a block may lie, outlives any number of short allowances", "[allowance][portable]")
{
    allowed_log log;
    for (int i = 0; i < 1000; ++i) log.add(segment(i * 20us, i * 20us + 10us, 1 + static_cast<unsigned>(i)));
    // Not allowed from 20 ms to 70 ms.
    for (int i = 0; i < 100'000; ++i)
        log.add(segment(70ms + i * 20us, 70ms + i * 20us + 10us, 2000 + static_cast<unsigned>(i)));
    for (allowed_segment const& s : log.segments()) {
        bool const clear_of_it = s.to <= began_at + 20ms || s.from >= began_at + 70ms;
        CHECK(clear_of_it);
        CHECK(s.amount <= s.to - s.from);
    }
    CHECK(total(log) == 101'000 * 10us);
}

TEST_CASE("a merger is named by the longer one, and rather of one name", "[allowance][portable]")
{
    SECTION("of two names")
    {
        allowed_log log;
        for (unsigned i = 0; i < allowed_log::room + 1; ++i)
            log.add(i % 2 == 0 ? segment(i * 11ms, i * 11ms + 1ms, i + 1)
                               : segment(i * 11ms, i * 11ms + 2ms, i + 1, logs));
        CHECK(log.segments()[1].what == &logs);
        CHECK(log.segments()[1].amount == 3ms);
    }
    SECTION("of one name, though two others are a little nearer")
    {
        allowed_log log;
        log.add(segment(0us, 10us, 1000));
        log.add(segment(11us, 20us, 1001, logs));
        for (unsigned i = 0; i < allowed_log::room - 1; ++i)
            log.add(segment(1ms + i * 110us, 1ms + i * 110us + 10us, i + 1));
        CHECK(log.segments()[0].scope == 1000);
        CHECK(log.segments()[1].scope == 1001);
        CHECK(log.segments()[2].amount == 20us);
    }
}

TEST_CASE("an exceeded budget is not lost among others", "[allowance][portable]")
{
    allowed_log log;
    log.add(segment(0ms, 50ms, 1, certificates, 10ms));
    // The first of these is nearer to it than any two of them.
    for (unsigned i = 0; i < 10'000; ++i) log.add(segment(50ms + i * 2us + 500ns, 50ms + i * 2us + 1500ns, i + 2));
    CHECK(log.segments()[0].scope == 1);
    CHECK(log.segments()[0].over_budget());

    SECTION("pieces of one scope stay that scope's")
    {
        allowed_log pieces;
        for (unsigned i = 0; i < 200; ++i) pieces.add(segment(i * 2ms, i * 2ms + 1ms, 7, certificates, 10ms));
        for (allowed_segment const& s : pieces.segments()) {
            CHECK(s.scope == 7);
            CHECK(s.budget == 10ms);
        }
        CHECK(total(pieces) == 200ms);
    }
}
