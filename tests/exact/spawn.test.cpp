// SPDX-License-Identifier: BSL-1.0

// Coroutines with stacks of their own: Asio's spawn and yield_context, by Boost.Coroutine or Boost.Context.

#include "exact/written_down.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <vector>

#if LOOPWATCH_TEST_BOOST_ASIO
#include <boost/asio/spawn.hpp>
#else
#include <asio/spawn.hpp>
#endif

using namespace std::chrono_literals;

TEST_CASE("each resumption of a coroutine with a stack of its own is a handler")
{
    net::io_context context{1};
    std::vector<std::uint64_t> stamps;
    auto const note = [&] {
        REQUIRE(depth() >= 1);
        stamps.push_back(innermost().began.load());
    };
    for (int i = 0; i < 2; ++i)
        net::spawn(context, [&](net::yield_context yield) {
            note();
            net::steady_timer timer{context, 1ms};
            timer.async_wait(yield);
            note();
            net::post(yield);
            note();
        });
    // Others run between.
    for (int i = 0; i < 10; ++i) net::post(context, [] { CHECK(depth() >= 1); });
    context.run();
    REQUIRE(stamps.size() == 6);
    CHECK(depth() == 0);
    CHECK(exact::stamp == 0);
}

TEST_CASE("an exception out of such a coroutine leaves no handler behind")
{
    net::io_context context{1};
    net::spawn(context, [&](net::yield_context yield) {
        net::post(yield);
        throw std::runtime_error{"on purpose"};
    });
    CHECK_THROWS_AS(context.run(), std::runtime_error);
    CHECK(depth() == 0);
    context.run();
    CHECK(depth() == 0);
}

TEST_CASE("such a coroutine that is destroyed while it waits leaves no handler behind")
{
    bool is_gone = false;
    {
        net::io_context context{1};
        net::spawn(context, [&](net::yield_context yield) {
            struct tells_end {
                bool* to;
                ~tells_end() { *to = true; }
            } const at_end{&is_gone};
            net::steady_timer timer{context, 1h};
            timer.async_wait(yield);
        });
        context.poll();
        CHECK(depth() == 0);
    }
    CHECK(is_gone);
    CHECK(depth() == 0);
    CHECK(exact::stamp == 0);
}
