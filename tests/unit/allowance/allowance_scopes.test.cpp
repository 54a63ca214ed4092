// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/allowance/allowance_scopes.hpp>

#include <chrono>
#include <string>
#include <vector>

#include <fmt/format.h>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

constexpr time_point t0{1s};
allowance_name a{"a"};
allowance_name b{"b"};

time_point at(int ms) { return t0 + std::chrono::milliseconds{ms}; }

/// "a 0-10, b 10-20": what was allowed until 1 s.
std::string noted(allowance_scopes const& scopes, time_point from = t0, time_point to = t0 + 1s)
{
    many<allowed_segment> found;
    scopes.overlapping(from, to, found);
    std::string all;
    for (allowed_segment const& s : found)
        all += fmt::format("{}{} {}-{}", all.empty() ? "" : ", ", s.what->text, (s.from - t0) / 1ms, (s.to - t0) / 1ms);
    return all;
}

}  // namespace

TEST_CASE("a scope is from its beginning to its end", "[allowance][portable]")
{
    allowance_scopes scopes;
    CHECK(noted(scopes).empty());
    auto const id = scopes.open(&a, no_budget, at(0));
    CHECK_FALSE(scopes.none_open());
    CHECK(noted(scopes) == "a 0-1000");
    scopes.close(id, at(10));
    CHECK(scopes.none_open());
    CHECK(noted(scopes) == "a 0-10");
    CHECK(noted(scopes, at(10), at(20)).empty());
    CHECK(noted(scopes, at(9), at(20)) == "a 0-10");

    SECTION("another end of it changes nothing")
    {
        scopes.close(id, at(20));
        scopes.close(4711, at(20));
        CHECK(noted(scopes) == "a 0-10");
    }
    SECTION("one that begins later is not there earlier")
    {
        scopes.open(&b, no_budget, at(30));
        CHECK(noted(scopes, at(10), at(30)).empty());
        CHECK(noted(scopes) == "a 0-10, b 30-1000");
    }
}

TEST_CASE("of scopes within each other the innermost one decides", "[allowance][portable]")
{
    allowance_scopes scopes;
    auto const outer = scopes.open(&a, no_budget, at(0));

    SECTION("another allowance")
    {
        auto const inner = scopes.open(&b, no_budget, at(10));
        scopes.close(inner, at(20));
        scopes.close(outer, at(30));
        CHECK(noted(scopes) == "a 0-10, b 10-20, a 20-30");
    }
    SECTION("none")
    {
        auto const inner = scopes.open(nullptr, no_budget, at(10));
        CHECK(noted(scopes) == "a 0-10");
        SECTION("up to its end")
        {
            scopes.close(inner, at(20));
            scopes.close(outer, at(30));
            CHECK(noted(scopes) == "a 0-10, a 20-30");
        }
        SECTION("but for what is allowed in it")
        {
            scopes.open(&b, no_budget, at(15));
            CHECK(noted(scopes) == "a 0-10, b 15-1000");
        }
    }
    SECTION("in whatever order they end")
    {
        auto const inner = scopes.open(&b, no_budget, at(10));
        scopes.close(outer, at(20));
        CHECK(noted(scopes) == "a 0-10, b 10-1000");
        scopes.close(inner, at(30));
        CHECK(noted(scopes) == "a 0-10, b 10-30");
        CHECK(scopes.none_open());
    }
}

TEST_CASE("all scopes end with their thread", "[allowance][portable]")
{
    allowance_scopes scopes;
    auto const outer = scopes.open(&a, no_budget, at(0));
    scopes.open(&b, no_budget, at(10));
    scopes.close_all(at(20));
    CHECK(scopes.none_open());
    CHECK(noted(scopes) == "a 0-10, b 10-20");

    SECTION("and are unknown to the thread that comes after it")
    {
        scopes.clear();
        CHECK(noted(scopes).empty());
        auto const next = scopes.open(&b, no_budget, at(30));
        scopes.close(outer, at(40));
        CHECK(noted(scopes) == "b 30-1000");
        CHECK(next != outer);
    }
}
