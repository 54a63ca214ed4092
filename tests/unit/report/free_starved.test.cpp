// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/report/compose.hpp>

#include <chrono>
#include <vector>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

TEST_CASE("a thread that may have been free counts for what it waited for a CPU", "[starved][portable]")
{
    raw_block raw;
    raw.length = {50ms, 60ms};
    raw.first.resize(2);
    raw.lives.resize(2);
    for (thread_life& life : raw.lives) life.from.known = life.to.known = true;
    raw.lives[0].to.run_delay = 40ms;  // the one that is shown
    raw.lives[1].to.run_delay = 30ms;
    std::vector<named_stack> threads{{{}, capture_error::none, position::handler},
                                     {{}, capture_error::none, position::parked}};
    auto const starved = [&] { return free_starved(raw, threads, 0); };

    CHECK(starved() == 30ms);
    threads[1].where = position::unknown;  // it got no CPU to answer on
    CHECK(starved() == 30ms);
    threads[1].where = position::handler;
    CHECK(starved() == 0ms);
    threads[1].where = position::outside;
    CHECK(starved() == 0ms);
    raw.ran_by = 1;
    CHECK(starved() == 30ms);
    raw.newcomer_waited = 45ms;
    CHECK(starved() == 45ms);
    raw.newcomer_waited = 70ms;
    CHECK(starved() == 50ms);  // of the block
}
