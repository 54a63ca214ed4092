// SPDX-License-Identifier: BSL-1.0

// A suite as users write them, some of whose test cases are to fail: its output is what is tested, by
// programs.test.cpp. The name of each says what must become of it.
#define BOOST_TEST_MODULE watched
#include "suite/support/blocking.hpp"

#include <boost/test/included/unit_test.hpp>

#include <csignal>
#include <stdexcept>
#include <thread>

#include <loopwatch/boost_test.hpp>
#include <loopwatch/current_watch.hpp>
#include <loopwatch/run.hpp>
#include <loopwatch/watched_io_context.hpp>

LOOPWATCH_BOOST_TEST_FIXTURE(.all = mode_is("all"), .watch = watch_options())

namespace {

struct uploads {
    loopwatch::watched_io_context ctx;
    ~uploads() { run_blocked(ctx); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(passes_free, *loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    post(ctx, [] {});
    BOOST_TEST(ctx.run() > 0);
}

BOOST_AUTO_TEST_CASE(fails_blocked, *loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

BOOST_AUTO_TEST_CASE(passes_unmarked)
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(passes_with_a_threshold_of_its_own, *loopwatch::must_not_block(5s))
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

BOOST_AUTO_TEST_CASE(fails_added, *boost::unit_test::description("two decorators") * loopwatch::must_not_block())
{
    net::io_context ctx;
    BOOST_TEST_REQUIRE(loopwatch::current_watch().add(ctx, "uploads"));
    run_blocked(ctx);
}

BOOST_AUTO_TEST_CASE(fails_on_a_thread, *loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    std::thread{[&] { run_blocked(ctx); }}.join();
}

BOOST_AUTO_TEST_CASE(fails_by_itself_as_well, *loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    BOOST_TEST_REQUIRE(1 + 1 == 3);
}

BOOST_AUTO_TEST_CASE(fails_and_throws, *loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    throw std::runtime_error{"thrown by the test"};
}

BOOST_FIXTURE_TEST_CASE(fails_in_the_fixtures_end, uploads, *loopwatch::must_not_block()) {}

BOOST_AUTO_TEST_CASE(passes_as_expected, *loopwatch::must_not_block() * boost::unit_test::expected_failures(1))
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

BOOST_AUTO_TEST_CASE(passes_without_loop, *loopwatch::must_not_block()) { BOOST_TEST(true); }

BOOST_AUTO_TEST_CASE(a_pure_function) { BOOST_TEST(1 + 1 == 2); }

BOOST_AUTO_TEST_SUITE(marked, *loopwatch::must_not_block())

BOOST_AUTO_TEST_CASE(fails_by_its_suite)
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

BOOST_AUTO_TEST_SUITE(inner, *loopwatch::must_not_block(5s))
BOOST_AUTO_TEST_CASE(passes_by_the_inner_suite)
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}
BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

struct quick_fixture : loopwatch::no_loop_blocking_fixture {
    quick_fixture() : loopwatch::no_loop_blocking_fixture{{.threshold = 30ms}} {}
};

BOOST_FIXTURE_TEST_CASE(fails_by_its_fixture, quick_fixture) { run_blocked(ctx); }

BOOST_AUTO_TEST_CASE(fails_as_run_raises)
{
    loopwatch::run(
        []() -> net::awaitable<void> {
            put_object();
            co_return;
        },
        {.threshold = 30ms});
}

BOOST_AUTO_TEST_CASE(dies, *loopwatch::must_not_block() * boost::unit_test::disabled())
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    std::raise(SIGSEGV);
}
