// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include <loopwatch/run.hpp>

using loopwatch::block_report;
using loopwatch::loop_blocked_error;
using loopwatch::run;

namespace {

#if LOOPWATCH_TEST_BOOST_ASIO
using net_system_error = boost::system::system_error;
#else
using net_system_error = std::system_error;
#endif

constexpr auto threshold = 10ms;
constexpr loopwatch::options quick{.threshold = threshold};

net::awaitable<void> wait_for(std::chrono::milliseconds d)
{
    net::steady_timer timer{co_await net::this_coro::executor, d};
    co_await timer.async_wait(net::use_awaitable);
}

net::awaitable<int> answer(int value, std::chrono::milliseconds block = 0ms)
{
    co_await wait_for(1ms);
    if (block > 0ms) sleep_through(block);
    co_return value;
}

template <typename Error>
net::awaitable<void> fail_with(Error error, std::chrono::milliseconds block)
{
    co_await wait_for(1ms);
    if (block > 0ms) sleep_through(block);
    throw error;
}

/// Not a type that can be copied into another, nor made from nothing.
struct ticket {
    explicit ticket(int n) : number{std::make_unique<int>(n)} {}
    std::unique_ptr<int> number;
};

net::awaitable<ticket> buy_ticket()
{
    co_await wait_for(1ms);
    co_return ticket{7};
}

/// An exception of the program's own.
struct refused {
    int code;
};

std::size_t blocks_nested_in(std::exception const& e)
{
    try {
        std::rethrow_if_nested(e);
    } catch (loop_blocked_error const& nested) {
        return nested.blocks().size();
    }
    return 0;
}

}  // namespace

TEST_CASE("a coroutine that does not block is run to its end")
{
    CHECK(run(answer(42), {.threshold = 10ms}) == 42);
    CHECK(*run(buy_ticket(), quick).number == 7);
    run(wait_for(30ms), quick);
    run([] { return wait_for(1ms); });

    int const seen = GENERATE(1, 2, 3);
    SECTION("in a section") { CHECK(run(answer(seen), quick) == seen); }
    SECTION("in another")
    {
        int locals = 0;
        run(
            [&]() -> net::awaitable<void> {
                locals = co_await answer(seen);
                CHECK(locals == seen);
            },
            quick);
        CHECK(locals == seen);
    }
}

TEST_CASE("a coroutine that blocks raises, and the report names it")
{
    try {
        run(answer(1, 50ms), quick);
        FAIL("it did not raise");
    } catch (loop_blocked_error const& e) {
        REQUIRE(e.blocks().size() == 1);
        CHECK(e.blocks().front().duration >= threshold);
        CHECK(stack_names(e.blocks().front(), "answer"));
        CHECK_FALSE(stack_names(e.blocks().front(), "loopwatch::"));
    }
}

TEST_CASE("what the body throws keeps its type")
{
    SECTION("without blocks nothing is nested in it")
    {
        try {
            run(fail_with(std::out_of_range{"too far"}, 0ms), quick);
            FAIL("it did not throw");
        } catch (std::out_of_range const& e) {
            CHECK(e.what() == std::string{"too far"});
            CHECK(dynamic_cast<std::nested_exception const*>(&e) == nullptr);
        }
    }
    SECTION("with blocks these are nested in it")
    {
        try {
            run(fail_with(std::out_of_range{"too far"}, 50ms), quick);
            FAIL("it did not throw");
        } catch (std::out_of_range const& e) {
            CHECK(e.what() == std::string{"too far"});
            CHECK(blocks_nested_in(e) == 1);
        }
    }
    SECTION("also in an error of Asio's, whose code it keeps")
    {
        auto const code = net::error::make_error_code(net::error::connection_refused);
        try {
            run(fail_with(net_system_error{code}, 50ms), quick);
            FAIL("it did not throw");
        } catch (net_system_error const& e) {
            CHECK(e.code() == code);
            CHECK(blocks_nested_in(e) == 1);
        }
    }
    SECTION("one that is not known is thrown as it is, whatever it derives from")
    {
        struct special : std::runtime_error {
            using std::runtime_error::runtime_error;
            int extra{5};
        };
        try {
            run(fail_with(special{"mine"}, 50ms), quick);
            FAIL("it did not throw");
        } catch (std::runtime_error const& e) {
            CHECK(typeid(e) == typeid(special));
            CHECK(static_cast<special const&>(e).extra == 5);
        }
        CHECK_THROWS_AS(run(fail_with(refused{3}, 50ms), quick), refused);
    }
}

TEST_CASE("an assertion of the test framework's passes through unharmed")
{
    // What REQUIRE throws: it must not become another exception on its way, for then it would be reported twice.
    struct framework_failure {
        int* copies;
        explicit framework_failure(int& c) : copies{&c} {}
        framework_failure(framework_failure const& from) : copies{from.copies} { ++*copies; }
    };
    int copies = 0;
    int copies_when_thrown = -1;
    try {
        run(
            [&]() -> net::awaitable<void> {
                co_await wait_for(1ms);
                sleep_through(50ms);
                framework_failure const failure{copies};
                try {
                    throw failure;
                } catch (framework_failure const&) {
                    copies_when_thrown = copies;
                    throw;
                }
            },
            quick);
        FAIL("it did not throw");
    } catch (framework_failure const&) {
        CHECK(copies == copies_when_thrown);
    }
}

TEST_CASE("on a context of the caller's")
{
    net::io_context ctx;
    int others = 0;

    SECTION("the rest of its work goes on")
    {
        post(ctx, [&] { ++others; });
        CHECK(run(ctx, answer(4), quick) == 4);
        CHECK(others == 1);
    }
    SECTION("and stays, if it is not done by then")
    {
        net::steady_timer late{ctx, 1h};
        late.async_wait([&](auto) { ++others; });
        CHECK(run(ctx, answer(5), quick) == 5);
        CHECK(others == 0);
        CHECK_FALSE(ctx.stopped());
    }
    SECTION("it is restarted if it was stopped")
    {
        ctx.run();
        REQUIRE(ctx.stopped());
        CHECK(run(ctx, answer(6), quick) == 6);
    }
    SECTION("a body that stops it is told of, and may go on later")
    {
        bool ended = false;
        auto const body = [&]() -> net::awaitable<int> {
            ctx.stop();
            co_await wait_for(1ms);
            ended = true;
            co_return 1;
        };
        CHECK_THROWS_AS(run(ctx, body, quick), std::logic_error);
        CHECK_FALSE(ended);
        ctx.restart();
        ctx.run();
        CHECK(ended);
    }
    SECTION("what another handler throws comes out")
    {
        post(ctx, [] { throw refused{8}; });
        CHECK_THROWS_AS(run(ctx, answer(7), quick), refused);
        ctx.run();
    }
    SECTION("the end may come to pass on another thread")
    {
        auto const work = make_work_guard(ctx);
        std::thread other{[&] { ctx.run(); }};
        for (int i = 0; i < 20; ++i) CHECK(run(ctx, answer(i), quick) == i);
        ctx.stop();
        other.join();
    }
    SECTION("the blocks of its other handlers count")
    {
        post(ctx, [] { sleep_through(50ms); });
        CHECK_THROWS_AS(run(ctx, wait_for(1ms), quick), loop_blocked_error);
    }
}

TEST_CASE("with on_block::log nothing is raised")
{
    CHECK(run(answer(9, 30ms), {.threshold = threshold, .action = loopwatch::on_block::log}) == 9);
}

TEST_CASE("bad options are refused before the body is begun")
{
    bool begun = false;
    auto const body = [&]() -> net::awaitable<void> {
        begun = true;
        co_return;
    };
    CHECK_THROWS_AS(run(body, {.threshold = 0ms}), std::invalid_argument);
    CHECK_FALSE(begun);
}
