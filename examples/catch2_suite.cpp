// SPDX-License-Identifier: BSL-1.0

// A test suite whose loops are watched: one line registers the listener, a tag asks for the watch. One of the tests
// fails, because the code under test reads its list of refused addresses on the loop.
#include <loopwatch/catch2_listener.hpp>

#include <asio.hpp>
#include <loopwatch/catch2.hpp>
#include <loopwatch/run.hpp>
#include <loopwatch/watched_io_context.hpp>

#include <chrono>
#include <string>
#include <thread>

using namespace std::chrono_literals;

LOOPWATCH_CATCH2_LISTENER(.watch = {.threshold = 20ms})

// --- the code under test ---

bool is_refused(std::string const& address)
{
    std::this_thread::sleep_for(200ms);  // stands for a file that is read anew each time
    return address.starts_with("10.");
}

asio::awaitable<std::string> greet(std::string address)
{
    if (is_refused(address)) co_return "go away";
    asio::steady_timer slow_client{co_await asio::this_coro::executor, 50ms};
    co_await slow_client.async_wait(asio::use_awaitable);  // takes as long, and blocks nobody
    co_return "hello";
}

asio::awaitable<std::string> greet_friend()
{
    asio::steady_timer slow_client{co_await asio::this_coro::executor, 50ms};
    co_await slow_client.async_wait(asio::use_awaitable);
    co_return "hello, friend";
}

// --- its tests ---

TEST_CASE("a friend is greeted", "[no_loop_blocking]")
{
    loopwatch::watched_io_context ctx;
    auto greeting = asio::co_spawn(ctx, greet_friend(), asio::use_future);
    ctx.run();
    CHECK(greeting.get() == "hello, friend");
}

TEST_CASE("others are greeted, too", "[no_loop_blocking]")
{
    loopwatch::watched_io_context ctx;
    auto greeting = asio::co_spawn(ctx, greet("192.0.2.1"), asio::use_future);
    ctx.run();
    CHECK(greeting.get() == "hello");  // it is; but meanwhile the loop stood still
}

TEST_CASE("a coroutine as the body") { CHECK(loopwatch::run(greet_friend(), {.threshold = 20ms}) == "hello, friend"); }

TEST_CASE("what is known to block is known by name")
{
    asio::io_context ctx;
    asio::co_spawn(ctx, greet("10.0.0.1"), asio::detached);
    auto const blocks = loopwatch::blocks_during(ctx, [&] { ctx.run(); }, {.threshold = 20ms});
    CHECK_THAT(blocks, loopwatch::BlockedIn("is_refused") && loopwatch::BlockedFor(20ms, 5s) &&
                           loopwatch::BlockedBy(loopwatch::cause::blocking_call));
}
