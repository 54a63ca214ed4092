// SPDX-License-Identifier: BSL-1.0

// A test suite whose loops are watched: one line sets how, a decorator asks for the watch. One of the test cases fails,
// because the code under test looks for names in a file on the loop.
#define BOOST_TEST_MODULE rooms
#include <asio.hpp>
#include <boost/test/unit_test.hpp>
#include <loopwatch/boost_test.hpp>
#include <loopwatch/run.hpp>

#include <chrono>
#include <string>
#include <thread>

using namespace std::chrono_literals;

LOOPWATCH_BOOST_TEST_FIXTURE(.watch = {.threshold = 20ms})

// --- the code under test ---

bool is_banned(std::string const& name)
{
    std::this_thread::sleep_for(200ms);  // stands for a file that is searched
    return name == "mallory";
}

asio::awaitable<std::string> enter(std::string name)
{
    if (is_banned(name)) co_return "go away";
    co_return "hello, " + name;
}

asio::awaitable<std::string> leave(std::string name)
{
    asio::steady_timer last_words{co_await asio::this_coro::executor, 50ms};
    co_await last_words.async_wait(asio::use_awaitable);  // takes as long, and blocks nobody
    co_return "goodbye, " + name;
}

// --- its tests ---

BOOST_AUTO_TEST_SUITE(room, *loopwatch::must_not_block())

BOOST_AUTO_TEST_CASE(a_guest_leaves)
{
    loopwatch::watched_io_context ctx;
    auto farewell = asio::co_spawn(ctx, leave("alice"), asio::use_future);
    ctx.run();
    BOOST_TEST(farewell.get() == "goodbye, alice");
}

BOOST_AUTO_TEST_CASE(a_guest_enters)
{
    loopwatch::watched_io_context ctx;
    auto greeting = asio::co_spawn(ctx, enter("alice"), asio::use_future);
    ctx.run();
    BOOST_TEST(greeting.get() == "hello, alice");  // it is; but meanwhile the loop stood still
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_coroutine_as_the_body)
{
    BOOST_TEST(loopwatch::run(leave("bob"), {.threshold = 20ms}) == "goodbye, bob");
}
