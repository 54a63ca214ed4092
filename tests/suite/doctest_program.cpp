// SPDX-License-Identifier: BSL-1.0

// A suite as users write them, some of whose test cases are to fail: its output is what is tested, by
// programs.test.cpp. The name of each says what must become of it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "suite/support/blocking.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <stdexcept>
#include <thread>

#include <loopwatch/current_watch.hpp>
#include <loopwatch/doctest.hpp>
#include <loopwatch/run.hpp>
#include <loopwatch/watched_io_context.hpp>

LOOPWATCH_DOCTEST_LISTENER(.all = mode_is("all"), .watch = watch_options())

TEST_CASE("passes: free" * loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    run_free(ctx);
    CHECK(true);
}

TEST_CASE("fails: blocks" * loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_CASE("passes: unmarked")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_CASE("passes: a threshold of its own" * loopwatch::must_not_block(5s))
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_CASE("fails: added" * doctest::description("two decorators") * loopwatch::must_not_block())
{
    net::io_context ctx;
    REQUIRE(loopwatch::current_watch().add(ctx, "uploads"));
    run_blocked(ctx);
}

TEST_CASE("fails: on another thread" * loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    std::thread{[&] { run_blocked(ctx); }}.join();
}

TEST_CASE("fails: in the second subcase" * loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    SUBCASE("free") { run_free(ctx); }
    SUBCASE("blocked") { run_blocked(ctx); }
    SUBCASE("free again") { run_free(ctx); }
}

TEST_CASE("fails: by itself as well" * loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    REQUIRE(1 + 1 == 3);
}

TEST_CASE("fails: throws" * loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    throw std::runtime_error{"thrown by the test"};
}

TEST_CASE("passes: should fail, and does" * loopwatch::must_not_block() * doctest::should_fail())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_CASE("fails: should fail, and does not" * loopwatch::must_not_block() * doctest::should_fail())
{
    loopwatch::watched_io_context ctx;
    run_free(ctx);
}

TEST_CASE("passes: may fail" * loopwatch::must_not_block() * doctest::may_fail())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_CASE("passes: no loop" * loopwatch::must_not_block()) { CHECK(true); }

TEST_CASE("a pure function") { CHECK(1 + 1 == 2); }

TEST_SUITE_BEGIN("marked" * loopwatch::must_not_block());

TEST_CASE("fails: by its suite")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_CASE("passes: by itself, and not by its suite" * loopwatch::must_not_block(5s))
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_SUITE_END();

struct quick_fixture : loopwatch::no_loop_blocking_fixture {
    quick_fixture() : loopwatch::no_loop_blocking_fixture{{.threshold = 30ms}} {}
};

TEST_CASE_FIXTURE(quick_fixture, "fails: by its fixture") { run_blocked(ctx); }

TEST_CASE("fails: run raises")
{
    loopwatch::run(
        []() -> net::awaitable<void> {
            put_object();
            co_return;
        },
        {.threshold = 30ms});
}

TEST_CASE("dies" * doctest::skip() * loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    std::raise(SIGSEGV);
}
