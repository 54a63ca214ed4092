// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/exact/busy_threads.hpp>

#include <chrono>

namespace busy_threads_test {

using namespace loopwatch::detail;
using namespace std::chrono_literals;

thread_counters read(nanoseconds when, nanoseconds run_delay)
{
    thread_counters c;
    c.known = true;
    c.at = time_point{} + when;
    c.run_delay = run_delay;
    return c;
}

TEST_CASE("a thread's wait for a CPU is bounded by the last look before", "[exact][portable]")
{
    busy_threads threads;
    CHECK_FALSE(threads.since(1, time_point{} + 5ms, read(6ms, 1ms)));
    threads.note(1, read(1ms, 100us));
    threads.note(1, read(4ms, 150us));
    threads.note(2, read(4ms, 9ms));
    CHECK(threads.since(1, time_point{} + 5ms, read(6ms, 160us)) == 10us);
    CHECK(threads.since(1, time_point{} + 3ms, read(6ms, 160us)) == 60us);
    CHECK_FALSE(threads.since(1, time_point{}, read(6ms, 160us)));
    CHECK_FALSE(threads.since(1, time_point{} + 5ms, {}));
    for (thread_number other = 3; other < 3000; ++other) threads.note(other, read(10ms, 0ms));
    CHECK_FALSE(threads.since(1, time_point{} + 5ms, read(6ms, 160us)));
    CHECK(threads.since(2999, time_point{} + 11ms, read(12ms, 1ms)) == 1ms);
}

}  // namespace busy_threads_test
