// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/platform/thread.hpp>

#include <thread>

#if LOOPWATCH_HAS_LINUX()
#include <unistd.h>
#elif LOOPWATCH_HAS_WINDOWS()
#include <windows.h>  // and so its declaration and ours agree
#endif

using loopwatch::detail::this_thread_number;

#if LOOPWATCH_HAS_LINUX() || LOOPWATCH_HAS_WINDOWS()
TEST_CASE("a thread's number is the system's", "[portable]")
{
#if LOOPWATCH_HAS_LINUX()
    CHECK(this_thread_number() == ::gettid());
#else
    CHECK(this_thread_number() == static_cast<loopwatch::detail::thread_number>(::GetCurrentThreadId()));
#endif
}
#endif

TEST_CASE("no two threads have the same number, and none has 0", "[portable]")
{
    auto const here = this_thread_number();
    loopwatch::detail::thread_number there = 0;
    std::thread{[&] { there = this_thread_number(); }}.join();
    CHECK(here != 0);
    CHECK(there != 0);
    CHECK(here != there);
    CHECK(this_thread_number() == here);
}
