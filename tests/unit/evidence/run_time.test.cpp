// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/config.hpp>

#if LOOPWATCH_HAS_LINUX()
#include <loopwatch/impl/evidence/run_time_linux.hpp>

#include <future>
#include <thread>

using namespace loopwatch::detail;

TEST_CASE("the time for which a thread has run stands still while it sleeps", "[evidence]")
{
    std::promise<thread_number> started;
    std::promise<void> may_end;
    std::thread sleeper{[&] {
        started.set_value(this_thread_number());
        may_end.get_future().wait();
    }};
    thread_number const number = started.get_future().get();
    auto before = run_time_of(number);
    REQUIRE(before);
    // It may still be on its way to sleep.
    for (auto now = run_time_of(number); now != before; now = run_time_of(number)) before = now;
    CHECK(run_time_of(number) == before);
    auto const own = run_time_of(this_thread_number());
    CHECK(run_time_of(this_thread_number()) != own);
    may_end.set_value();
    sleeper.join();
    while (run_time_of(number)) std::this_thread::yield();  // it ends a little after it is joined
}
#endif
