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

TEST_CASE("the culprit is never outside the handler, and may be a library's function without a name", "[block_report]")
{
    constexpr auto* libc = "/lib/x86_64-linux-gnu/libc.so.6";
    constexpr auto* library = "/usr/lib/x86_64-linux-gnu/libfoo.so.1";
    block_report r;
    r.stack = {
        in("clock_nanosleep", libc), in("foo_exported", library),   in("", library),
        in("asio::do_complete()"),   in("asio::io_context::run()"), in("main::{lambda()#1}::operator()() const")};
    auto const end_handler_before = [&](std::size_t first) {
        for (std::size_t i = first; i < r.stack.size(); ++i) r.stack[i].outside = true;
    };
    SECTION("where it is not known which frames are the handler's, no library is blamed")
    {
        CHECK(r.culprit() == &r.stack[5]);
        r.stack.pop_back();
        CHECK(r.culprit() == nullptr);
    }
    SECTION("a library's outermost function")
    {
        end_handler_before(4);
        CHECK(r.culprit() == &r.stack[2]);
    }
    SECTION("before it one of the user's own that it calls")
    {
        r.stack.insert(r.stack.begin() + 1, in("on_tick()"));
        end_handler_before(5);
        CHECK(r.culprit() == &r.stack[1]);
    }
    SECTION("also if that has no name")
    {
        r.stack.insert(r.stack.begin() + 1, in(""));
        end_handler_before(5);
        CHECK(r.culprit() == &r.stack[1]);
    }
    SECTION("of a program without names the innermost function in the handler")
    {
        r.stack = {in("clock_nanosleep", libc), in(""), in(""), in(""), in("")};
        CHECK(r.culprit() == nullptr);
        end_handler_before(3);
        CHECK(r.culprit() == &r.stack[1]);
        CHECK_THAT(to_string(r), contains("  culprit  app+0x"));
        r.stack[2].function = "exported()";
        CHECK(r.culprit() == &r.stack[2]);
    }
    SECTION("code that is of no file is no place to look up")
    {
        r.stack = {in("clock_nanosleep", libc), in("", ""), in("")};
        end_handler_before(2);
        CHECK(r.culprit() == nullptr);
    }
    SECTION("the C library alone is none")
    {
        r.stack = {in("clock_nanosleep", libc), in("asio::do_complete()"), in("asio::io_context::run()")};
        end_handler_before(2);
        CHECK(r.culprit() == nullptr);
    }
}

TEST_CASE("causes and qualities have the names they have in C++", "[block_report]")
{
    CHECK(to_string(cause::blocking_call) == "blocking_call");
    CHECK(to_string(cause::self_deadlock) == "self_deadlock");
    CHECK(to_string(stack_quality::partial) == "partial");
}
