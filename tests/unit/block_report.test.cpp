// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/block_report.hpp>

using namespace loopwatch;

namespace {
frame in(char const* function, char const* module = "/home/me/app")
{
    frame f;
    f.function = function;
    f.module = module;
    return f;
}
}  // namespace

TEST_CASE("the culprit is the innermost frame of the user's own code", "[block_report]")
{
    block_report r;
    CHECK(r.culprit() == nullptr);

    r.stack = {in("clock_nanosleep", "/lib/x86_64-linux-gnu/libc.so.6"),
               in("void std::this_thread::sleep_for<long>()"),
               in("fmt::v9::print()"),
               in("inner()"),
               in("outer()"),
               in("asio::io_context::run()"),
               in("main")};
    REQUIRE(r.culprit() != nullptr);
    CHECK(r.culprit()->function == "inner()");
    CHECK(r.culprit() == &r.stack[3]);

    r.stack = {in("epoll_wait", "/lib/x86_64-linux-gnu/libc.so.6"), in("asio::io_context::run()"),
               in("", "/home/me/app")};
    CHECK(r.culprit() == nullptr);
}

TEST_CASE("causes and qualities have the names they have in C++", "[block_report]")
{
    CHECK(to_string(cause::blocking_call) == "blocking_call");
    CHECK(to_string(cause::self_deadlock) == "self_deadlock");
    CHECK(to_string(stack_quality::partial) == "partial");
}
