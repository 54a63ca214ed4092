// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <chrono>
#include <string>

#include <loopwatch/impl/monitor/health_text.hpp>
#include <loopwatch/impl/monitor/live_loops.hpp>

// Not by a directive: the files of unit tests are compiled several at a time.
namespace live_loops_test {

using namespace std::chrono_literals;
using loopwatch::loop_state;
using loopwatch::detail::health_text;
using loopwatch::detail::live_loops;
using loopwatch::detail::loop_totals;
using loopwatch::detail::loop_vitals;
using loopwatch::detail::nanoseconds;
using loopwatch::detail::shared;
using loopwatch::detail::time_point;

time_point at(nanoseconds since_start) { return time_point{} + 1h + since_start; }

struct some_loops {
    some_loops()
    {
        all.add("api", api);
        all.add("db", db);
        api->note({loop_state::answering, {}, at(0ms), at(25ms)});
        api->note_delay(3ms, 25ms, at(0ms));
        db->note({loop_state::blocked, at(-2s), at(-2s), at(25ms)});
    }

    live_loops all;
    shared<loop_totals> totals{new loop_totals};
    shared<loop_vitals> api{new loop_vitals{totals}};
    shared<loop_vitals> db{new loop_vitals{shared<loop_totals>{new loop_totals}}};
};

TEST_CASE("without loops all is well", "[live_loops]")
{
    live_loops const none;
    CHECK(none.health(1s, at(0ms)));
    CHECK(none.all_fresh(1s, at(0ms)));
    CHECK_FALSE(none.is_overloaded("api", 0ms, at(0ms)));
    CHECK(health_text(none.health(1s, at(0ms))) == "ok\n");
}

TEST_CASE("a loop that has been blocked for longer than the bound is not ok", "[live_loops]")
{
    some_loops const some;
    auto const report = some.all.health(1s, at(20ms));
    CHECK_FALSE(report);
    REQUIRE(report.loops.size() == 2);
    CHECK(report.loops[0].ok);
    CHECK(report.loops[0].state == loop_state::answering);
    CHECK(report.loops[0].heartbeat_age == 20ms);
    CHECK(report.loops[0].delay == 3ms);
    CHECK_FALSE(report.loops[1].ok);
    CHECK(report.loops[1].state == loop_state::blocked);
    CHECK(report.loops[1].heartbeat_age == 2020ms);
    CHECK(report.loops[1].delay == 2020ms);
    CHECK(health_text(report) ==
          "not ok\n"
          "api: answering, longest delay of the last second 3.0 ms\n"
          "db: blocked for 2.02 s, longest delay of the last second 2.02 s, not ok\n");
    CHECK_FALSE(some.all.all_fresh(1s, at(20ms)));
    CHECK(some.all.health(2020ms, at(20ms)));
    CHECK(some.all.all_fresh(2020ms, at(20ms)));
}

TEST_CASE("a loop whose watch has ended is neither ok nor not", "[live_loops]")
{
    some_loops some;
    some.all.remove(*some.db);
    some.all.remove(*some.db);
    CHECK(some.all.health(1s, at(20ms)).loops.size() == 1);
    CHECK(some.all.all_fresh(1s, at(20ms)));
    CHECK(some.all.ages(at(0ms)).of(some.db->totals()) == nullptr);
}

TEST_CASE("a loop that nobody runs is ok", "[live_loops]")
{
    some_loops some;
    some.db->note({loop_state::unattended, {}, at(-1h), at(25ms)});
    CHECK(some.all.all_fresh(0ms, at(20ms)));
    CHECK(health_text(some.all.health(1s, at(20ms))) ==
          "ok\n"
          "api: answering, longest delay of the last second 3.0 ms\n"
          "db: unattended\n");
}

TEST_CASE("a loop is overloaded if the delay of the last second is above the bound", "[live_loops]")
{
    some_loops const some;
    CHECK(some.all.is_overloaded("api", 2ms, at(20ms)));
    CHECK_FALSE(some.all.is_overloaded("api", 3ms, at(20ms)));
    CHECK_FALSE(some.all.is_overloaded("api", 2ms, at(1300ms)));
    CHECK_FALSE(some.all.is_overloaded("ap", 2ms, at(20ms)));
    CHECK(some.all.may_be_overloaded("api", 2ms));
    CHECK_FALSE(some.all.may_be_overloaded("api", 3ms));
    CHECK_FALSE(some.all.may_be_overloaded("another", 0ms));
    CHECK(some.api->may_be_above(2ms));
    CHECK_FALSE(some.api->may_be_above(3ms));
    CHECK(some.db->may_be_above(1h));  // to be asked with a clock
}

TEST_CASE("of several watches of one name the oldest heartbeat counts", "[live_loops]")
{
    some_loops some;
    shared<loop_vitals> const second{new loop_vitals{some.totals}};
    some.all.add("api", second);
    CHECK(*some.all.ages(at(20ms)).of(*some.totals) == 20ms);
    second->note({loop_state::answering, {}, at(-30ms), at(25ms)});
    CHECK(*some.all.ages(at(20ms)).of(*some.totals) == 50ms);
}

}  // namespace live_loops_test
