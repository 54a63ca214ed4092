// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <string>
#include <vector>

#include <loopwatch/catch2.hpp>

using loopwatch::block_report;
using loopwatch::BlockedBy;
using loopwatch::BlockedFor;
using loopwatch::BlockedIn;
using loopwatch::cause;
using loopwatch::NeverBlocked;

namespace {

loopwatch::frame at(std::string function, std::string file = "store.cpp", std::string module = "/app")
{
    loopwatch::frame f;
    f.function = std::move(function);
    f.file = std::move(file);
    f.line = 12;
    f.module = std::move(module);
    return f;
}

block_report slept_in(std::string function)
{
    block_report b;
    b.number = 1;
    b.duration = 50ms;
    b.duration_max = 53ms;
    b.threshold = 10ms;
    b.cause = cause::blocking_call;
    b.stack = {at("clock_nanosleep", "nanosleep.c", "/lib/x86_64-linux-gnu/libc.so.6"), at(std::move(function)),
               at("asio::detail::put_object_handler::do_complete()"), at("main")};
    b.awaited_by = {at("serve(client&)")};
    return b;
}

std::vector<block_report> const none;
std::vector<block_report> const one{slept_in("store::put_object(int)")};

}  // namespace

TEST_CASE("the matchers match what they say")
{
    CHECK_THAT(none, NeverBlocked());
    CHECK_THAT(one, !NeverBlocked());

    CHECK_THAT(one, BlockedIn("put_object"));
    CHECK_THAT(one, BlockedIn("store::put_object(int)"));
    CHECK_THAT(one, BlockedIn("main"));
    CHECK_THAT(one, BlockedIn("serve("));
    CHECK_THAT(one, !BlockedIn("get_object"));
    CHECK_THAT(one, !BlockedIn("nanosleep"));  // not the user's
    CHECK_THAT(one, !BlockedIn("put_object_handler"));
    CHECK_THAT(none, !BlockedIn(""));

    CHECK_THAT(one, BlockedFor(50ms));
    CHECK_THAT(one, !BlockedFor(51ms));
    CHECK_THAT(one, BlockedFor(40ms, 53ms));
    CHECK_THAT(one, !BlockedFor(40ms, 52ms));
    CHECK_THAT(none, !BlockedFor(0ms));

    CHECK_THAT(one, BlockedBy(cause::blocking_call));
    CHECK_THAT(one, !BlockedBy(cause::cpu));
}

TEST_CASE("the matchers combine")
{
    CHECK_THAT(one, BlockedIn("put_object") && BlockedFor(10ms) && BlockedBy(cause::blocking_call));
    CHECK_THAT(one, NeverBlocked() || BlockedIn("put_object"));
    CHECK_THAT(one, !(BlockedIn("put_object") && BlockedBy(cause::disk)));
    CHECK((BlockedIn("f") && !BlockedFor(50ms)).toString() ==
          "( blocked the loop in \"f\" and not blocked the loop for at least 50.0 ms )");
}

TEST_CASE("the matchers take guards and errors as well")
{
    net::io_context ctx;
    loopwatch::no_loop_blocking guard{ctx, {.threshold = 10ms}};
    CHECK_THAT(guard, NeverBlocked());
    post(ctx, [] { sleep_through(50ms); });
    ctx.run();
    CHECK_THAT(guard, BlockedIn("sleep_through") && BlockedFor(10ms));
    CHECK_THROWS_MATCHES(guard.finish(), loopwatch::loop_blocked_error, BlockedIn("sleep_through"));
}

TEST_CASE("a failed match prints the whole report, in lines for the console")
{
    auto const text = loopwatch::detail::text_of_block(one.front());
    CHECK_THAT(text, contains("culprit  store::put_object(int)"));
    CHECK(Catch::Detail::stringify(one) == '\n' + text);
    CHECK(Catch::Detail::stringify(one.front()) == '\n' + text);
    CHECK(Catch::Detail::stringify(none) == "no blocks");
    CHECK_THAT(Catch::Detail::stringify(std::vector{one.front(), slept_in("second()")}),
               contains("store::put_object(int)") && contains("second()"));
}
