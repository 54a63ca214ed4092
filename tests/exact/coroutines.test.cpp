// SPDX-License-Identifier: BSL-1.0

#include "exact/written_down.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <vector>

#if LOOPWATCH_TEST_BOOST_ASIO
#if __has_include(<boost/asio/experimental/awaitable_operators.hpp>)
#include <boost/asio/experimental/awaitable_operators.hpp>
#define HAS_OPERATORS
#endif
#elif __has_include(<asio/experimental/awaitable_operators.hpp>)
#include <asio/experimental/awaitable_operators.hpp>
#define HAS_OPERATORS
#endif

using namespace std::chrono_literals;

namespace {

// A coroutine's parameters are copied by gcc 12 as they should be only if they are named.
net::awaitable<void> wait_for(std::chrono::milliseconds time, std::vector<std::uint64_t>& stamps)
{
    CHECK(depth() >= 1);
    net::steady_timer timer{co_await net::this_coro::executor, time};
    co_await timer.async_wait(net::use_awaitable);
    CHECK(depth() >= 1);
    stamps.push_back(innermost().began.load());
}

net::awaitable<void> wait_twice(std::vector<std::uint64_t>& stamps)
{
    co_await wait_for(1ms, stamps);
    co_await net::post(net::use_awaitable);
    CHECK(depth() == 1);
    stamps.push_back(innermost().began.load());
    co_await wait_for(1ms, stamps);
}

net::awaitable<void> fail()
{
    co_await net::post(net::use_awaitable);
    throw std::runtime_error{"on purpose"};
}

net::awaitable<void> catch_it(int& caught)
{
    try {
        co_await fail();
    } catch (std::runtime_error const&) {
        ++caught;
        CHECK(depth() == 1);
    }
}

}  // namespace

TEST_CASE("each resumption of a coroutine is a handler of its own")
{
    net::io_context context;
    std::vector<std::uint64_t> stamps;
    net::co_spawn(context, wait_twice(stamps), net::detached);
    context.run();
    REQUIRE(stamps.size() == 3);
    CHECK(stamps[0] < stamps[1]);
    CHECK(stamps[1] < stamps[2]);
    CHECK(depth() == 0);
    CHECK(exact::stamp == 0);
}

TEST_CASE("exceptions that coroutines pass on, to each other and out of the loop, leave no handler behind")
{
    net::io_context context;
    int caught = 0;
    net::co_spawn(context, catch_it(caught), net::detached);
    net::co_spawn(context, fail(), [](std::exception_ptr const& failed) {
        CHECK(depth() >= 1);
        if (failed) std::rethrow_exception(failed);
    });
    CHECK_THROWS_AS(context.run(), std::runtime_error);
    CHECK(depth() == 0);
    context.run();
    CHECK(caught == 1);
    CHECK(depth() == 0);
}

TEST_CASE("a coroutine that is destroyed while it waits leaves no handler behind")
{
    std::vector<std::uint64_t> stamps;
    {
        net::io_context context;
        net::co_spawn(context, wait_for(1h, stamps), net::detached);
        context.poll();
        CHECK(depth() == 0);
    }
    CHECK(stamps.empty());
    CHECK(depth() == 0);
    CHECK(exact::stamp == 0);
}

TEST_CASE("coroutines of a strand are in two handlers")
{
    net::io_context context;
    int runs = 0;
    net::co_spawn(
        net::make_strand(context),
        [&]() -> net::awaitable<void> {
            for (int i = 0; i < 3; ++i) {
                co_await net::post(net::use_awaitable);
                CHECK(depth() == 2);
                ++runs;
            }
        },
        net::detached);
    context.run();
    CHECK(runs == 3);
    CHECK(depth() == 0);
}

#ifdef HAS_OPERATORS
TEST_CASE("of coroutines that race, the loser leaves no handler behind")
{
    namespace operators =
#if LOOPWATCH_TEST_BOOST_ASIO
        boost::asio::experimental::awaitable_operators;
#else
        asio::experimental::awaitable_operators;
#endif
    net::io_context context;
    std::vector<std::uint64_t> stamps;
    int runs = 0;
    net::co_spawn(
        context,
        [&]() -> net::awaitable<void> {
            using namespace operators;
            co_await (wait_for(1ms, stamps) ||
                      wait_for(std::chrono::duration_cast<std::chrono::milliseconds>(1h), stamps));
            CHECK(depth() >= 1);
            co_await (wait_for(1ms, stamps) && wait_for(2ms, stamps));
            CHECK(depth() >= 1);
            ++runs;
        },
        net::detached);
    context.run();
    CHECK(runs == 1);
    CHECK(stamps.size() == 3);
    CHECK(depth() == 0);
    CHECK(exact::stamp == 0);
}
#endif
