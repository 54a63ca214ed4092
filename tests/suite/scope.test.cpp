// SPDX-License-Identifier: BSL-1.0

// Which loops a test's watch sees, and who answers for a block.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <loopwatch/blocks_during.hpp>
#include <loopwatch/catch2.hpp>
#include <loopwatch/current_watch.hpp>
#include <loopwatch/detail/suite/statement.hpp>
#include <loopwatch/watched_io_context.hpp>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

using loopwatch::current_watch;
using loopwatch::watched_io_context;
using loopwatch::detail::findings;
using loopwatch::detail::open_scope;
using loopwatch::detail::statement;

namespace {

constexpr auto threshold = 10ms;
constexpr loopwatch::options quick{.threshold = threshold};

[[gnu::noinline]] void block_the_loop() { sleep_through(50ms); }

template <typename Context>
void run_blocked(Context& ctx)
{
    post(ctx, [] { block_the_loop(); });
    ctx.restart();
    ctx.run();
}

void expect_one_block(findings const& found)
{
    REQUIRE(found.blocks.size() == 1);
    CHECK(found.blocks.front().number == 1);
    CHECK(stack_names(found.blocks.front(), "block_the_loop"));
}

}  // namespace

TEST_CASE("without a test's watch nothing is watched")
{
    net::io_context plain;
    watched_io_context ctx;
    CHECK_FALSE(current_watch());
    CHECK_FALSE(current_watch().add(plain));
    run_blocked(ctx);
}

TEST_CASE("a test's watch says nothing of loops that are not blocked")
{
    open_scope test{quick};
    CHECK(current_watch());
    watched_io_context ctx, idle, unused;
    net::io_context plain;
    CHECK(current_watch().add(plain));
    for (int i = 0; i < 10; ++i) {
        post(ctx, [] {});
        post(plain, [] {});
        ctx.restart();
        ctx.run();
        plain.restart();
        plain.run();
        sleep_through(5ms);
    }
    auto const work = make_work_guard(idle);
    idle.run_for(50ms);
    findings const found = test.end();
    CHECK(found.blocks.empty());
    CHECK(found.loops == 4);
    CHECK_FALSE(current_watch());
}

TEST_CASE("a context of which nothing runs is not blamed for another on its thread")
{
    watched_io_context made_before;
    open_scope test{quick};
    watched_io_context unused;
    {
        watched_io_context ctx;
        run_blocked(ctx);
    }
    expect_one_block(test.end());
}

TEST_CASE("loops join the test's watch")
{
    SECTION("a context made in the test")
    {
        open_scope test{quick};
        watched_io_context ctx;
        run_blocked(ctx);
        expect_one_block(test.end());
    }
    SECTION("one that is gone when the test ends")
    {
        open_scope test{quick};
        auto ctx = std::make_unique<watched_io_context>(1);
        run_blocked(*ctx);
        ctx.reset();
        expect_one_block(test.end());
    }
    SECTION("one made before the test, which another test has watched")
    {
        watched_io_context ctx;
        {
            open_scope earlier{quick};
            run_blocked(ctx);
            expect_one_block(earlier.end());
        }
        run_blocked(ctx);
        open_scope test{quick};
        run_blocked(ctx);
        expect_one_block(test.end());
    }
    SECTION("one that runs on a thread of its own")
    {
        open_scope test{quick};
        std::thread{[] {
            watched_io_context ctx;
            run_blocked(ctx);
        }}.join();
        expect_one_block(test.end());
    }
    SECTION("one that was added, with a name, and not watched twice")
    {
        open_scope test{quick};
        net::io_context ctx;
        watched_io_context known;
        CHECK(current_watch().add(ctx, "uploads"));
        CHECK(current_watch().add(ctx));
        CHECK(current_watch().add(ctx.get_executor()));
        CHECK(current_watch().add(known));
        run_blocked(ctx);
        findings const found = test.end();
        expect_one_block(found);
        CHECK(found.blocks.front().loop == "uploads");
        CHECK(found.loops == 2);
    }
    SECTION("another one in the place of one that is gone")
    {
        open_scope test{quick};
        std::optional<net::io_context> ctx;
        for (int i = 0; i < 2; ++i) {
            ctx.emplace();
            CHECK(current_watch().add(*ctx));
            run_blocked(*ctx);
        }
        findings const found = test.end();
        REQUIRE(found.blocks.size() == 2);
        CHECK(found.blocks.front().number == 1);
        CHECK(found.blocks.back().number == 2);
        CHECK(found.blocks.front().began_at < found.blocks.back().began_at);
    }
}

TEST_CASE("the innermost watch that sees a block answers for it")
{
    open_scope outer{quick};
    watched_io_context ctx;
    SECTION("it is not reported twice")
    {
        open_scope inner{quick};
        run_blocked(ctx);
        expect_one_block(inner.end());
        CHECK(outer.end().blocks.empty());
    }
    SECTION("a block of the outer one alone is still its own")
    {
        open_scope inner{quick};
        run_blocked(ctx);
        expect_one_block(inner.end());
        run_blocked(ctx);
        expect_one_block(outer.end());
    }
    SECTION("also what goes on after it in the same handler")
    {
        post(ctx, [] {
            open_scope inner{quick};
            block_the_loop();
            expect_one_block(inner.end());
            block_the_loop();
        });
        ctx.run();
        findings const found = outer.end();
        REQUIRE(found.blocks.size() == 1);
        CHECK(found.blocks.front().duration >= 80ms);
    }
    SECTION("one whose threshold is too high leaves it to the outer one")
    {
        open_scope inner{{.threshold = 90ms}};
        constexpr std::size_t times = 6;
        for (std::size_t i = 0; i < times; ++i) run_blocked(ctx);
        CHECK(inner.end().blocks.empty());
        CHECK(outer.end().blocks.size() == times);
    }
    SECTION("a loop that was made inside it goes on being watched")
    {
        std::optional<watched_io_context> later;
        {
            open_scope inner{quick};
            later.emplace();
            CHECK(inner.end().blocks.empty());
        }
        run_blocked(*later);
        expect_one_block(outer.end());
    }
}

TEST_CASE("a statement answers for its blocks")
{
    SECTION("and for no others")
    {
        open_scope test{quick};
        watched_io_context ctx;
        statement quiet;
        post(ctx, [] {});
        ctx.run();
        CHECK(quiet.passed());
        statement loud;
        run_blocked(ctx);
        CHECK_FALSE(loud.passed());
        CHECK_THAT(loud.failure(), contains("block_the_loop"));
        CHECK(test.end().blocks.empty());
    }
    SECTION("inside a handler, where the block is not over when it ends")
    {
        open_scope test{quick};
        watched_io_context ctx;
        post(ctx, [] {
            statement loud;
            block_the_loop();
            CHECK_FALSE(loud.passed());
        });
        ctx.run();
        CHECK(test.end().blocks.empty());
    }
    SECTION("of a loop that was added")
    {
        open_scope test{quick};
        net::io_context ctx;
        current_watch().add(ctx);
        statement loud;
        run_blocked(ctx);
        CHECK_FALSE(loud.passed());
        CHECK(test.end().blocks.empty());
    }
    SECTION("of a loop that it is given, without a test's watch")
    {
        net::io_context ctx;
        statement loud{ctx};
        post(ctx, [] { sleep_through(200ms); });
        ctx.run();
        CHECK_FALSE(loud.passed());
    }
    SECTION("without a loop it can't pass")
    {
        statement blind;
        CHECK_FALSE(blind.passed());
        CHECK_THAT(blind.failure(), contains("no loop was watched"));
    }
}

TEST_CASE("tests and contexts come and go on many threads")
{
    watched_io_context fixed;
    std::vector<std::thread> threads;
    for (int n = 0; n < 3; ++n)
        threads.emplace_back([] {
            for (int i = 0; i < 100; ++i) {
                watched_io_context ctx;
                net::io_context plain;
                current_watch().add(plain);
                post(ctx, [] {});
                ctx.run();
            }
        });
    for (int i = 0; i < 100; ++i) {
        open_scope test{{.threshold = 1s}};
        CHECK(test.end().blocks.empty());
    }
    for (auto& t : threads) t.join();
}

#if !LOOPWATCH_HAS_TSAN()  // which does not start threads in the child of a process that had some
TEST_CASE("in the child of a fork scopes and contexts can be left and made")
{
    open_scope test{quick};
    watched_io_context ctx;
    ctx.run();
    auto const child = ::fork();
    if (child == 0) {
        ::alarm(20);
        {
            watched_io_context another;
            open_scope inner{quick};
        }
        ::_exit(test.end().blocks.empty() ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
#endif

TEST_CASE("options are kept with their texts, which may be gone when a loop joins")
{
    std::string file = "/tmp/loopwatch-XXXXXX";
    int const made = ::mkstemp(file.data());
    REQUIRE(made >= 0);
    ::close(made);
    std::string text = file;
    std::string name = "a name of the test's own";
    net::io_context ctx;
    open_scope scope{{.threshold = threshold, .loop_name = name, .suppressions = text}};
    text.assign(text.size(), 'x');
    name.assign(name.size(), 'x');
    CHECK(current_watch().add(ctx));
    run_blocked(ctx);
    auto const found = scope.end();
    expect_one_block(found);
    CHECK(found.blocks.front().loop == "a name of the test's own");
    ::unlink(file.c_str());
}

TEST_CASE("bad options are refused, and leave no scope behind")
{
    CHECK_THROWS_AS(open_scope{{.threshold = 0ms}}, std::invalid_argument);
    CHECK_FALSE(current_watch());
}

TEST_CASE("blocks_during tells what it saw, and raises nothing")
{
    net::io_context ctx;
    post(ctx, [] { block_the_loop(); });
    auto const blocks = loopwatch::blocks_during(ctx, [&] { return ctx.run(); }, quick);
    REQUIRE(blocks.size() == 1);
    CHECK(stack_names(blocks.front(), "block_the_loop"));

    CHECK(loopwatch::blocks_during(ctx, [] { sleep_through(5 * threshold); }, quick).empty());
    CHECK_THROWS_AS(loopwatch::blocks_during(ctx, [] { throw 5; }, quick), int);

    // Under way when it returns.
    ctx.restart();
    std::vector<loopwatch::block_report> inside;
    post(ctx, [&] { inside = loopwatch::blocks_during(ctx, [] { block_the_loop(); }, quick); });
    ctx.run();
    CHECK(inside.size() == 1);
}

TEST_CASE("a handler that is a library's function alone is shown, whoever runs the loop")
{
    net::io_context ctx;
    post(ctx, [] {});
    // usleep is called by std and asio, these by blocks_during: no frame of the user's own is further in.
    auto const blocks = [&] {
        post(ctx, std::bind(&::usleep, 50'000U));
        return loopwatch::blocks_during(
            ctx, std::bind(static_cast<std::size_t (net::io_context::*)()>(&net::io_context::run), &ctx), quick);
    }();
    REQUIRE(blocks.size() == 1);
    CHECK(stack_names(blocks.front(), "usleep"));
}
