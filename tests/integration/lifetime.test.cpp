// SPDX-License-Identifier: BSL-1.0

// Contexts, guards, heartbeats, threads and processes may end in any order.
#include "support/catch.hpp"
#include "support/how_many.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/impl/platform/thread.hpp>

#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace lifetime_test {

using loopwatch::block_report;
using loopwatch::loop_blocked_error;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;

namespace {
constexpr auto threshold = 20ms;
}

TEST_CASE("the context may be destroyed before the guard")
{
    SECTION("of a context that ran")
    {
        auto ctx = std::make_unique<net::io_context>();
        no_loop_blocking guard{*ctx, threshold};
        post(*ctx, [] {});
        ctx->run();
        ctx.reset();
        sleep_through(5 * threshold);
        CHECK(are(0, guard.blocks()));
    }
    SECTION("with a heartbeat in its queue")
    {
        auto ctx = std::make_unique<net::io_context>();
        no_loop_blocking guard{*ctx, threshold};
        ctx.reset();
        sleep_through(30ms);
    }
    SECTION("watched through a strand, whose executor must not outlive it")
    {
        auto ctx = std::make_unique<net::io_context>();
        no_loop_blocking guard{make_strand(*ctx), threshold};
        ctx->poll();
        ctx.reset();
        sleep_through(30ms);
    }
    SECTION("watched through an executor with its type erased")
    {
        auto ctx = std::make_unique<net::io_context>();
        no_loop_blocking guard{net::any_io_executor{make_strand(*ctx)}, threshold};
        ctx.reset();
        sleep_through(30ms);
    }
    SECTION("and its blocks are raised all the same")
    {
        auto ctx = std::make_unique<net::io_context>();
        no_loop_blocking guard{*ctx, threshold};
        post(*ctx, [] { sleep_through(40ms); });
        ctx->run();
        ctx.reset();
        CHECK_THROWS_AS(guard.finish(), loop_blocked_error);
    }
    SECTION("many times, at random moments of the watch")
    {
        for (int i = 0; i < 200; ++i) {
            auto ctx = std::make_unique<net::io_context>();
            no_loop_blocking guard{*ctx,
                                   {.threshold = 1ms, .heartbeat_interval = 100us, .action = on_block::log},
                                   [](block_report const&) {}};
            ctx->run_for(std::chrono::microseconds{i * 3});
            ctx.reset();
        }
    }
}

TEST_CASE("a pool may be destroyed before the guard")
{
    auto pool = std::make_unique<net::thread_pool>(2);
    no_loop_blocking guard{*pool, threshold};
    sleep_through(20ms);
    pool.reset();
    sleep_through(5 * threshold);
    CHECK(are(0, guard.blocks()));
}

TEST_CASE("a guard in a coroutine's frame may be destroyed with its context")
{
    auto ctx = std::make_unique<net::io_context>();
    co_spawn(
        *ctx,
        []() -> net::awaitable<void> {
            auto const executor = co_await net::this_coro::executor;
            // Before the guard, as a program has some timer or socket before: services are shut down newest first.
            net::steady_timer forever{executor, std::chrono::hours{1}};
            no_loop_blocking guard{executor, threshold};
            sleep_through(40ms);
            co_await forever.async_wait(net::use_awaitable);
        },
        net::detached);
    ctx->run_for(80ms);
    CHECK_NOTHROW(ctx.reset());  // from here nothing can be raised: it is logged
}

TEST_CASE("the guard may end with its heartbeat in the queue")
{
    net::io_context ctx;
    for (int i = 0; i < 3; ++i) {
        no_loop_blocking guard{ctx, threshold};
    }
    CHECK(ctx.poll() == 3);

    std::optional<net::io_context> gone{std::in_place};
    {
        no_loop_blocking guard{*gone, threshold};
    }
    gone.reset();
}

TEST_CASE("guards begin and end while the loop runs elsewhere")
{
    net::io_context ctx;
    auto const work = make_work_guard(ctx);
    std::thread runs{[&] { ctx.run(); }};
    std::vector<std::thread> users;
    for (int user = 0; user < 4; ++user)
        users.emplace_back([&] {
            for (int i = 0; i < 200; ++i) {
                no_loop_blocking guard{ctx, {.threshold = 1s, .heartbeat_interval = 1ms}};
                if (i % 50 == 0) sleep_through(2ms);
            }
        });
    for (auto& user : users) user.join();
    ctx.stop();
    runs.join();
}

TEST_CASE("stop() and restart()")
{
    net::io_context ctx;
    std::vector<block_report> blocks;
    no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [&](block_report const& b) {
                               if (b.ended) blocks.push_back(b);
                           }};
    for (int i = 0; i < 3; ++i) {
        auto const work = make_work_guard(ctx);
        net::steady_timer end{ctx, 30ms};
        end.async_wait([&](auto) { ctx.stop(); });
        ctx.run();
        sleep_through(30ms);
        ctx.restart();
        post(ctx, [] { sleep_through(40ms); });
        ctx.run_for(60ms);
        ctx.restart();
        sleep_through(30ms);
    }
    guard.finish();
    CHECK(are(3, blocks));
}

TEST_CASE("a loop that ends its thread while watched, and goes on in another")
{
    net::io_context ctx;
    auto const work = make_work_guard(ctx);
    no_loop_blocking guard{ctx, {.threshold = threshold}};
    for (int i = 0; i < 3; ++i) {
        std::thread{[&] { ctx.run_for(15ms); }}.join();
        sleep_through(5 * threshold);
    }
    CHECK(are(0, guard.blocks()));
    std::int64_t who = 0;
    std::thread{[&] {
        who = loopwatch::detail::this_thread_number();
        ctx.run_for(15ms);
        post(ctx, [] { sleep_through(40ms); });
        auto const give_up = test_clock::now() + 10s;
        while (guard.blocks().empty() && test_clock::now() < give_up) ctx.run_for(20ms);
    }}.join();
    auto const blocks = guard.blocks();
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].thread_id == who);
    CHECK(stack_names(blocks[0], "sleep_through"));
    CHECK_THROWS_AS(guard.finish(), loop_blocked_error);
}

TEST_CASE("run() returns when it would have")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = threshold}};
    auto const began = test_clock::now();
    net::steady_timer timer{ctx, 50ms};
    timer.async_wait([](auto) {});
    ctx.run();
    CHECK(test_clock::now() - began < 2s);
    // With nothing but a heartbeat there is nothing to run.
    ctx.restart();
    auto const again = test_clock::now();
    ctx.run();
    CHECK(test_clock::now() - again < 2s);
}

namespace {

/// Runs `work` in a child process. Returns its exit code, or -1 if it did not end within 20 s.
template <typename Work>
int in_child(Work work)
{
    pid_t const child = ::fork();
    if (child == 0) {
        work();
        ::_exit(0);
    }
    for (int i = 0; i < 2000; ++i) {
        int status = 0;
        if (::waitpid(child, &status, WNOHANG) == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
        std::this_thread::sleep_for(10ms);
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return -1;
}

}  // namespace

TEST_CASE("the child of a fork does not hang, whatever its parent's guards were doing")
{
    net::io_context ctx;
    auto const work = make_work_guard(ctx);
    std::thread runs{[&] { ctx.run(); }};
    {
        auto guard = std::make_unique<no_loop_blocking>(
            ctx, loopwatch::options{.threshold = 2ms, .heartbeat_interval = 200us, .action = on_block::log},
            [](block_report const&) {});
        for (int i = 0; i < 30; ++i) {
            post(ctx, [] { sleep_through(4ms); });
            sleep_through(std::chrono::microseconds{1000 + i * 137});
            CHECK(in_child([&] {
                      static_cast<void>(guard->blocks());
                      guard->finish();
                      guard.reset();
                  }) == 0);
        }
    }
    ctx.stop();
    runs.join();
}

#if !LOOPWATCH_HAS_TSAN()  // which does not start threads in the child of a process that had some
TEST_CASE("the child of a fork may watch anew")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, threshold};
    ctx.poll();
    CHECK(in_child([] {
              net::io_context own;
              no_loop_blocking inner{own, threshold};
              post(own, [] { sleep_through(40ms); });
              own.run();
              try {
                  inner.finish();
                  ::_exit(1);
              } catch (loop_blocked_error const& e) {
                  if (e.blocks().size() != 1 || !stack_names(e.blocks()[0], "sleep_through")) ::_exit(2);
              }
          }) == 0);
}

TEST_CASE("a guard in an optional ends the program if it raises, but not once it is finished")
{
    auto const with_a_block = [](auto end) {
        return in_child([&] {
            std::set_terminate([] { ::_exit(3); });
            net::io_context own;
            std::optional<no_loop_blocking> guard;
            guard.emplace(own, threshold);
            post(own, [] { sleep_through(40ms); });
            own.run();
            try {
                end(guard);
            } catch (loop_blocked_error const&) {
                guard.reset();
                ::_exit(4);
            }
        });
    };
    CHECK(with_a_block([](auto& guard) { guard.reset(); }) == 3);
    CHECK(with_a_block([](auto& guard) { guard->finish(); }) == 4);
}
#endif

}  // namespace lifetime_test
