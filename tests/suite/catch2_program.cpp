// SPDX-License-Identifier: BSL-1.0

// A suite as users write them, some of whose tests are to fail: its output is what is tested, by programs.test.cpp.
// The name of each says what must become of it.
#include <loopwatch/catch2_listener.hpp>

#include "suite/support/blocking.hpp"
#include "support/catch.hpp"

#include <csignal>
#include <stdexcept>
#include <thread>

#include <loopwatch/catch2.hpp>
#include <loopwatch/current_watch.hpp>
#include <loopwatch/run.hpp>
#include <loopwatch/watched_io_context.hpp>

#include <unistd.h>

LOOPWATCH_CATCH2_LISTENER(.all = mode_is("all"), .watch = watch_options(mode_is("all") ? 30ms : 1s))

namespace {

/// A context that outlives the test. Made late, for from then on every test has a loop.
loopwatch::watched_io_context& fixed()
{
    static loopwatch::watched_io_context one;
    return one;
}

}  // namespace

TEST_CASE("passes: free", "[no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    run_free(ctx);
    CHECK(true);
}

TEST_CASE("untagged", "[other]")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    CHECK(true);
}

TEST_CASE("fails: blocks", "[no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    CHECK(true);
}

template <typename... Parts>
[[gnu::noinline]] void put_all_of(Parts const&... parts)
{
    (put_object(parts), ...);
    __asm__ volatile("" ::: "memory");  // no tail call
}

TEST_CASE("fails: a long name", "[no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    post(ctx, [] { put_all_of(200ms, 1ms, 1ms, 1ms, 1ms, 1ms, 1ms, 1ms); });
    ctx.run();
}

TEST_CASE("fails: blocks twice", "[no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    std::this_thread::sleep_for(20ms);
    run_blocked(ctx);
}

TEST_CASE("passes: a threshold of its own", "[no_loop_blocking:500ms]")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_CASE("fails: a static context", "[no_loop_blocking:30ms]") { run_blocked(fixed()); }

TEST_CASE("fails: added", "[no_loop_blocking:30ms]")
{
    net::io_context ctx;
    REQUIRE(loopwatch::current_watch().add(ctx, "uploads"));
    run_blocked(ctx);
}

TEST_CASE("fails: on another thread", "[no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    std::thread{[&] { run_blocked(ctx); }}.join();
}

TEST_CASE("fails: in the second section", "[no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    SECTION("free") { run_free(ctx); }
    SECTION("blocked") { run_blocked(ctx); }
    SECTION("free again") { run_free(ctx); }
}

TEST_CASE("fails: for one generated value", "[no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    if (GENERATE(1, 2, 3) == 2)
        run_blocked(ctx);
    else
        run_free(ctx);
}

TEST_CASE("fails: by itself as well", "[no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    REQUIRE(1 + 1 == 3);
}

TEST_CASE("fails: throws", "[no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    SECTION("inside")
    {
        run_blocked(ctx);
        throw std::runtime_error{"thrown by the test"};
    }
}

TEST_CASE("passes: should fail, and does", "[no_loop_blocking:30ms][!shouldfail]")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_CASE("fails: should fail, and does not", "[no_loop_blocking:30ms][!shouldfail]")
{
    loopwatch::watched_io_context ctx;
    run_free(ctx);
    CHECK(true);
}

TEST_CASE("passes: may fail", "[no_loop_blocking:30ms][!mayfail]")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
}

TEST_CASE("passes: no loop", "[no_loop_blocking]") { CHECK(true); }

TEST_CASE("a pure function") { CHECK(1 + 1 == 2); }

TEST_CASE("fails: bad tag", "[no_loop_blocking:50]")
{
    loopwatch::watched_io_context ctx;
    run_free(ctx);
}

TEST_CASE("fails: a match", "[matchers]")
{
    net::io_context ctx;
    post(ctx, [] { put_object(); });
    REQUIRE_THAT(loopwatch::blocks_during(ctx, [&] { ctx.run(); }, {.threshold = 30ms}), loopwatch::NeverBlocked());
}

TEST_CASE("fails: an assertion in a coroutine", "[run]")
{
    loopwatch::run(
        []() -> net::awaitable<void> {
            put_object();
            REQUIRE(2 + 2 == 5);
            co_return;
        },
        {.threshold = 30ms});
}

TEST_CASE("fails: run raises", "[run]")
{
    loopwatch::run(
        []() -> net::awaitable<void> {
            put_object();
            co_return;
        },
        {.threshold = 30ms});
}

struct quick_fixture : loopwatch::no_loop_blocking_fixture {
    quick_fixture() : loopwatch::no_loop_blocking_fixture{{.threshold = 30ms}} {}
};

TEST_CASE_METHOD(quick_fixture, "fails: by its fixture, once", "[no_loop_blocking:30ms][fixture]") { run_blocked(ctx); }

TEST_CASE("fails: dies", "[.dies][no_loop_blocking:30ms]")
{
    loopwatch::watched_io_context ctx;
    run_blocked(ctx);
    std::raise(SIGSEGV);
}
