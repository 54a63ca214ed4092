// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

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

std::size_t who(std::initializer_list<position> where, std::vector<nanoseconds> const& allowed, std::size_t shown,
                bool on_strand)
{
    std::vector<named_stack> threads;
    for (position const p : where) threads.emplace_back(std::vector<loopwatch::frame>{}, capture_error::none, p);
    return answering(threads, allowed, shown, on_strand);
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
