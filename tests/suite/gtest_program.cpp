// SPDX-License-Identifier: BSL-1.0

// A suite as users write them, some of whose tests are to fail: its output is what is tested, by programs.test.cpp. The
// name of each says what must become of it.
#include "suite/support/blocking.hpp"

#include <stdexcept>
#include <thread>

#include <loopwatch/current_watch.hpp>
#include <loopwatch/gtest.hpp>
#include <loopwatch/run.hpp>
#include <loopwatch/watched_io_context.hpp>

LOOPWATCH_GTEST_LISTENER(.tests = mode_is("all") ? "*" : "Net.*:Uploads.*:Bare.*-*.NotWatched",
                         .watch = watch_options())

namespace {

/// A context that outlives the test. Made late, for from then on every test has a loop.
loopwatch::watched_io_context& fixed()
{
    static loopwatch::watched_io_context one;
    return one;
}

struct Uploads : testing::Test {
    loopwatch::watched_io_context ctx;
};

TEST(Net, PassesFree)
{
    loopwatch::watched_io_context ctx;
    post(ctx, [] {});
    ctx.run();
}

TEST(Net, FailsBlocked)
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST(Net, NotWatched)
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST(Other, PassesUnwatched)
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST(Net, FailsOnAThread)
{
    loopwatch::watched_io_context ctx;
    std::thread{[&] { run_blocked(ctx); }}.join();
}

TEST(Net, FailsByStatic) { run_blocked(fixed()); }

TEST(Net, FailsByItselfAsWell)
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    ASSERT_EQ(1 + 1, 3);
}

TEST(Net, FailsAndThrows)
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    throw std::runtime_error{"thrown by the test"};
}

TEST_F(Uploads, FailsInFixture) { run_blocked(ctx); }

TEST(Net, FailsOnceByStatement)
{
    loopwatch::watched_io_context ctx;
    EXPECT_NO_LOOP_BLOCKING(run_blocked(ctx)) << "said by the user";
}

TEST(Net, FailsAndEndsByStatement)
{
    loopwatch::watched_io_context ctx;
    ASSERT_NO_LOOP_BLOCKING(run_blocked(ctx));
    FAIL() << "it went on";
}

TEST(Net, PassesStatement)
{
    loopwatch::watched_io_context ctx;
    EXPECT_NO_LOOP_BLOCKING(post(ctx, [] {}); ctx.run());
    int sum = 0;
    EXPECT_NO_LOOP_BLOCKING(sum += 1, sum += 2);
    EXPECT_EQ(sum, 3);
}

TEST(Net, FailsInCoroutine)
{
    loopwatch::watched_io_context ctx;
    loopwatch::run(ctx,
                   []() -> net::awaitable<void> {
                       EXPECT_NO_LOOP_BLOCKING(put_object());
                       net::steady_timer timer{co_await net::this_coro::executor, 1ms};
                       EXPECT_NO_LOOP_BLOCKING(co_await timer.async_wait(net::use_awaitable));
                   },
                   {.threshold = 1s});
}

TEST(Bare, FailsOnGivenLoop)
{
    net::io_context ctx;
    EXPECT_NO_LOOP_BLOCKING_ON(ctx, run_blocked(ctx));
}

TEST(Unwatched, FailsOnGivenLoop)
{
    net::io_context ctx;
    EXPECT_NO_LOOP_BLOCKING_ON(ctx, post(ctx, [] { put_object(200ms); }); ctx.run());
}

TEST(Bare, PassesWithoutLoop) {}

TEST(Bare, FailsWithoutLoopToExpectOf) { EXPECT_NO_LOOP_BLOCKING(put_object()); }

TEST(Net, Skips) { GTEST_SKIP(); }

struct Own : loopwatch::no_loop_blocking_test {
    Own() : loopwatch::no_loop_blocking_test{{.threshold = 30ms}} {}
};

TEST_F(Own, FailsByFixture) { run_blocked(ctx); }
TEST_F(Own, PassesFree)
{
    post(ctx, [] {});
    ctx.run();
}

}  // namespace
