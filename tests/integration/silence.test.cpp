// SPDX-License-Identifier: BSL-1.0

// The tests in which the watch must say nothing.
#include "support/catch.hpp"
#include "support/how_many.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

namespace silence_test {

using loopwatch::no_loop_blocking;

namespace {

// What a busy machine does to a loop is excused, so the threshold may be short, but where nothing tells of it. Whatever
// adds up in one of these tests, mistaken for one wait, is many times as long.
constexpr std::chrono::milliseconds strict = LOOPWATCH_HAS_LINUX() ? 10ms : 100ms;
constexpr auto gap_between_runs = 6 * strict;

net::awaitable<void> wait_often(int times, std::chrono::milliseconds each)
{
    net::steady_timer timer{co_await net::this_coro::executor};
    for (int i = 0; i < times; ++i) {
        timer.expires_after(each);
        co_await timer.async_wait(net::use_awaitable);
    }
}

// A guard on the context, on its executor, and on the executor with its type erased: what is known of a loop differs.
enum class by { context, executor, any_executor };
std::optional<no_loop_blocking>& watch(std::optional<no_loop_blocking>& guard, net::io_context& ctx, by how,
                                       loopwatch::options o)
{
    switch (how) {
        case by::context: guard.emplace(ctx, o); break;
        case by::executor: guard.emplace(ctx.get_executor(), o); break;
        case by::any_executor: guard.emplace(net::any_io_executor{ctx.get_executor()}, o); break;
    }
    return guard;
}

}  // namespace

TEST_CASE("awaited timers are no block", "[portable]")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = strict}};
    co_spawn(ctx, wait_often(20, strict / 2), net::detached);
    ctx.run();
    CHECK(are(0, guard.blocks()));
}

TEST_CASE("an idle loop is no block", "[portable]")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = strict}};
    co_spawn(ctx, wait_often(1, 10 * strict), net::detached);
    ctx.run();
    CHECK(are(0, guard.blocks()));
}

TEST_CASE("a busy loop of short handlers is no block", "[portable]")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = strict}};
    auto const end = test_clock::now() + 10 * strict;
    std::function<void()> again = [&] {
        if (test_clock::now() < end) post(ctx, again);
    };
    post(ctx, again);
    ctx.run();
    CHECK(are(0, guard.blocks()));
}

TEST_CASE("handlers below the threshold are no block", "[portable]")
{
    net::io_context ctx;
    constexpr auto threshold = 3 * strict;
    int left = 12;
    SECTION("one after another")
    {
        // Each is behind the heartbeat that was sent during the one before it.
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        std::function<void()> again = [&] {
            sleep_through(strict);
            if (--left > 0) post(ctx, again);
        };
        post(ctx, again);
        ctx.run();
        CHECK(are(0, guard.blocks()));
    }
    SECTION("one in each run")
    {
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        for (; left > 0; --left) {
            post(ctx, [] { sleep_through(strict); });
            ctx.run();
            ctx.restart();
        }
        CHECK(are(0, guard.blocks()));
    }
#if LOOPWATCH_HAS_SIGNAL_CAPTURE()
    SECTION("between two runs the thread does something else, for less than the threshold")
    {
        // The heartbeat that is sent during the first one waits until the second run, and there behind the second one.
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        for (; left > 0; --left) {
            bool begun = false;
            post(ctx, [&] {
                begun = true;
                post(ctx, [] { sleep_through(strict); });
                sleep_through(strict);
            });
            while (!begun) ctx.run_one();
            sleep_through(threshold / 2);
            ctx.run();
            ctx.restart();
        }
        CHECK(are(0, guard.blocks()));
    }
#endif
}

TEST_CASE("a loop that is not run is no block")
{
    auto const how = GENERATE(by::context, by::executor, by::any_executor);
    net::io_context ctx;
    std::optional<no_loop_blocking> guard;
    watch(guard, ctx, how, {.threshold = strict});

    SECTION("not yet")
    {
        sleep_through(gap_between_runs);
        ctx.run();
    }
    SECTION("not yet, with work waiting")
    {
        post(ctx, [] {});
        sleep_through(gap_between_runs);
        ctx.run();
    }
    SECTION("never") { sleep_through(gap_between_runs); }
    SECTION("any more: out of work")
    {
        post(ctx, [] {});
        ctx.run();
        sleep_through(gap_between_runs);
    }
    SECTION("any more: stopped, with work waiting")
    {
        post(ctx, [&] { ctx.stop(); });
        post(ctx, [] {});
        ctx.run();
        sleep_through(gap_between_runs);
    }
    SECTION("between stop() and the next run()")
    {
        auto const work = make_work_guard(ctx);
        net::steady_timer later{ctx, 5ms};
        later.async_wait([&](auto) { ctx.stop(); });
        ctx.run();
        sleep_through(gap_between_runs);
        ctx.restart();
        sleep_through(gap_between_runs);
        later.expires_after(5ms);
        later.async_wait([&](auto) { ctx.stop(); });
        ctx.run();
    }
    SECTION("restarted at once, and run later")
    {
        for (int i = 0; i < 3; ++i) {
            post(ctx, [] {});
            ctx.run();
            ctx.restart();
            sleep_through(gap_between_runs);
        }
    }
    SECTION("between two calls of run_for")
    {
        auto const work = make_work_guard(ctx);
        for (int i = 0; i < 3; ++i) {
            ctx.run_for(8ms);
            sleep_through(gap_between_runs);
        }
    }
    SECTION("between two calls of poll")
    {
        auto const work = make_work_guard(ctx);
        for (int i = 0; i < 6; ++i) {
            ctx.poll();
            sleep_through(15ms);
        }
    }
    SECTION("after a handler has thrown out of run()")
    {
        auto const work = make_work_guard(ctx);  // else the context is stopped when the exception has left it
        for (int i = 0; i < 3; ++i) {
            net::steady_timer later{ctx, 3ms};
            later.async_wait([](auto) { throw std::runtime_error{"out of run"}; });
            CHECK_THROWS_AS(ctx.run(), std::runtime_error);
            sleep_through(gap_between_runs);
        }
        ctx.run_for(5ms);
    }
    CHECK(guard->blocks().empty());
    CHECK_NOTHROW(guard->finish());
}

TEST_CASE("a loop that is not run is not blamed for the loop that its guard was made in")
{
    net::io_context outer;
    net::io_context inner;
    std::vector<loopwatch::block_report> blocks;
    post(outer, [&] {
        no_loop_blocking guard{inner,
                               {.threshold = strict, .action = loopwatch::on_block::log},
                               [&](loopwatch::block_report const& b) { blocks.push_back(b); }};
        sleep_through(gap_between_runs);
        inner.run();
        sleep_through(gap_between_runs);
    });
    outer.run();
    CHECK(are(0, blocks));
}

TEST_CASE("a thread that ran a loop and has ended is no block")
{
    net::io_context ctx;
    auto const work = make_work_guard(ctx);
    no_loop_blocking guard{ctx, {.threshold = strict}};
    std::thread{[&] {
        try {
            net::steady_timer later{ctx, 5ms};
            later.async_wait([](auto) { throw 1; });
            ctx.run();
        } catch (int) {
        }
    }}.join();
    sleep_through(gap_between_runs);
    CHECK(are(0, guard.blocks()));
}

TEST_CASE("a stopped pool is no block")
{
    net::thread_pool pool{2};
    no_loop_blocking guard{pool, {.threshold = strict}};
    sleep_through(20ms);
    pool.stop();
    pool.join();
    sleep_through(gap_between_runs);
    CHECK(are(0, guard.blocks()));
}

TEST_CASE("a pool with a free thread is no block")
{
    net::thread_pool pool{2};
    no_loop_blocking guard{pool, {.threshold = strict}};
    post(pool, [] { sleep_through(10 * strict); });
    pool.join();
    CHECK(are(0, guard.blocks()));
}

TEST_CASE("twice as many busy threads as processors make no block")
{
    std::atomic<bool> stop{false};
    std::vector<std::thread> hogs;
    for (unsigned i = 0; i < 2 * std::max(1U, std::thread::hardware_concurrency()); ++i)
        hogs.emplace_back([&] {
            while (!stop) spin_through(1ms);
        });
    {
        net::io_context ctx;
        no_loop_blocking guard{ctx, {.threshold = strict}};
        co_spawn(ctx, wait_often(50, strict / 2), net::detached);
        ctx.run();
        CHECK(are(0, guard.blocks()));
    }
    stop = true;
    for (auto& hog : hogs) hog.join();
}

}  // namespace silence_test
