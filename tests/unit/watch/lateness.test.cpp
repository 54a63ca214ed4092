// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/watch/lateness.hpp>

#include <chrono>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

TEST_CASE("what the watchdog waited for a CPU excuses no loop", "[lateness][portable]")
{
    time_point const planned{1s};
    auto const queued = [](nanoseconds in_queue) { return thread_counters{.known = true, .in_queue = in_queue}; };
    CHECK(planned_but_for_queue(planned, queued(5ms), queued(5ms)) == planned);
    CHECK(planned_but_for_queue(planned, queued(5ms), queued(45ms)) == planned + 40ms);
    CHECK(planned_but_for_queue(planned, {}, queued(45ms)) == planned);
    CHECK(planned_but_for_queue(planned, queued(5ms), {}) == planned);
    thread_counters no_queue = queued(0ms);
    no_queue.queue_counted = false;
    CHECK(planned_but_for_queue(planned, no_queue, queued(45ms)) == planned);
    CHECK(planned_but_for_queue(time_point::max(), queued(5ms), queued(45ms)) == time_point::max());
}
