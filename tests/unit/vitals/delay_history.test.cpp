// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include <loopwatch/impl/vitals/delay_history.hpp>

// Not by a directive: the files of unit tests are compiled several at a time.
namespace delay_history_test {

using namespace std::chrono_literals;
using loopwatch::detail::delay_history;
using loopwatch::detail::nanoseconds;
using loopwatch::detail::time_point;

time_point moment(nanoseconds since) { return time_point{5000s} + since; }

/// By the seconds since the moment 0.
std::vector<std::pair<std::int64_t, nanoseconds>> points(delay_history const& of, nanoseconds now)
{
    std::vector<std::pair<std::int64_t, nanoseconds>> all;
    for (auto const& each : of.read(moment(now))) all.emplace_back(each.second - 5000, each.longest);
    return all;
}
using expected = std::vector<std::pair<std::int64_t, nanoseconds>>;

TEST_CASE("nothing is known at first", "[vitals]") { CHECK(points({}, 0s).empty()); }

TEST_CASE("of a second the longest delay is kept", "[vitals]")
{
    delay_history history;
    history.record(2ms, moment(100ms));
    history.record(9ms, moment(200ms));
    history.record(3ms, moment(300ms));
    history.record(0ms, moment(2500ms));
    CHECK(points(history, 3s) == expected{{0, 9ms}, {2, 0ms}});
}

TEST_CASE("a long wait is one of each second in which a handler became ready", "[vitals]")
{
    delay_history history;
    history.record(2500ms, moment(3250ms));
    CHECK(points(history, 4s) == expected{{0, 2500ms}, {1, 2250ms}, {2, 1250ms}, {3, 250ms}});
}

TEST_CASE("what is ten minutes old is forgotten, also where nothing came after it", "[vitals]")
{
    delay_history history;
    history.record(5ms, moment(500ms));
    history.record(7ms, moment(1500ms));
    CHECK(points(history, 599s) == expected{{0, 5ms}, {1, 7ms}});
    CHECK(points(history, 600s) == expected{{1, 7ms}});
    CHECK(points(history, 601s).empty());
    history.record(1ms, moment(600500ms));
    CHECK(points(history, 600s) == expected{{1, 7ms}, {600, 1ms}});
}

TEST_CASE("a wait of more than ten minutes fills all of them, and no more", "[vitals]")
{
    delay_history history;
    history.record(1000s, moment(1000s));
    auto const all = points(history, 1000s);
    REQUIRE(all.size() == 600);
    CHECK(all.front() == std::pair<std::int64_t, nanoseconds>{401, 599s});
    CHECK(all.back() == std::pair<std::int64_t, nanoseconds>{1000, 0s});
}

}  // namespace delay_history_test
