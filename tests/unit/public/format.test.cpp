// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/format.hpp>
#include <loopwatch/impl/base/duration_text.hpp>

#include <algorithm>

using namespace loopwatch;
using namespace std::chrono_literals;

namespace {

frame user(char const* function, char const* file, unsigned line)
{
    frame f;
    f.function = function;
    f.file = file;
    f.line = line;
    f.module = "/home/me/app";
    return f;
}

frame library(char const* function, char const* module = "/home/me/app")
{
    frame f;
    f.function = function;
    f.module = module;
    return f;
}

block_report shown()
{
    block_report r;
    r.number = 1;
    r.loop = "main";
    r.thread_id = 4242;
    r.thread_name = "ingest";
    r.duration = 153200us;
    r.threshold = 10ms;
    r.cause = cause::blocking_call;
    r.evidence = "recvfrom(fd 9: tcp 127.0.0.1:51234 -> 127.0.0.1:9000)";
    r.stack_quality = stack_quality::exact;
    r.stack = {library("recvfrom", "/lib/libc.so.6"),
               library("Curl_recv_plain", "/usr/lib/libcurl.so.4"),
               user("upload_to_s3(std::string_view, std::string_view)", "/src/app.cpp", 60),
               user("ingest(asio::ip::tcp::socket)", "/src/app.cpp", 86),
               library("asio::detail::awaitable_thread<asio::any_io_executor>::pump()"),
               library("std::__n4861::coroutine_handle<void>::resume() const"),
               library("asio::io_context::run()"),
               user("main", "/src/app.cpp", 99)};
    r.stack[3].coroutine = true;
    r.awaited_by = {user("serve(asio::ip::tcp::socket)", "/src/server.cpp", 31)};
    return r;
}

}  // namespace

TEST_CASE("names that the program has given can't garble a terminal", "[format]")
{
    block_report r = shown();
    r.loop = "a\n::error::b";
    r.thread_name = "c\x1b[31m";
    r.held_by.emplace().thread_name = "d\x07";
    auto const text = to_string(r);
    INFO(text);
    CHECK(text.starts_with("loop blocked: block 1 on \"a\\x0a::error::b\" for "));
    CHECK(text.find("(thread 4242 \"c\\x1b[31m\", ") != text.npos);
    CHECK(text.find("(thread 0 \"d\\x07\", ") != text.npos);
}

TEST_CASE("a report as text", "[format]")
{
    CHECK(to_string(shown()) ==
          "loop blocked: block 1 on \"main\" for 153.2 ms (threshold 10.0 ms)\n"
          "  why      blocking call: recvfrom(fd 9: tcp 127.0.0.1:51234 -> 127.0.0.1:9000)\n"
          "  culprit  upload_to_s3(std::string_view, std::string_view) at app.cpp:60\n"
          "  stack    (thread 4242 \"ingest\", most recent call first)\n"
          "    #0   recvfrom\n"
          "    #1   Curl_recv_plain\n"
          "    #2   upload_to_s3(std::string_view, std::string_view)         app.cpp:60\n"
          "    #3   ingest(asio::ip::tcp::socket)                            app.cpp:86   coroutine\n"
          "    ... 3 frames in asio, std\n"
          "    #7   main                                                     app.cpp:99\n"
          "  awaited by\n"
          "    serve(asio::ip::tcp::socket)                             server.cpp:31\n");
}

TEST_CASE("all frames can be asked for", "[format]")
{
    auto const r = shown();
    CHECK_THAT(to_string(r, true), contains("#6   asio::io_context::run()\n"));
    CHECK_THAT(to_string(r, true), !contains("frames in"));
    CHECK(fmt::format("{:a}", r) == to_string(r, true));
    CHECK(fmt::format("{}", r) == to_string(r));
}

TEST_CASE("what only starts the program or the thread is left out, unless it is all there is", "[format]")
{
    auto r = shown();
    r.stack.push_back(library("__libc_start_main", "/lib/libc.so.6"));
    r.stack.push_back(library("_start"));
    CHECK(to_string(r) == to_string(shown()));
    CHECK_THAT(to_string(r, true), contains("#9   _start\n"));

    r.stack = {user("put_object()", "/src/app.cpp", 60), user("Upload_Test::TestBody()", "/src/app.cpp", 70),
               library("testing::Test::Run()"), library("testing::UnitTest::Run()"), library("main")};
    CHECK_THAT(to_string(r), contains("TestBody") && !contains("testing::") && !contains("main\n"));
    CHECK_THAT(to_string(r, true), contains("testing::Test::Run()") && contains("main\n"));

    r.stack = {library("epoll_wait", "/lib/libc.so.6"), library("_start")};
    CHECK_THAT(to_string(r), contains("epoll_wait") && contains("_start"));
}

TEST_CASE("a single library frame is not folded, but brief", "[format]")
{
    auto r = shown();
    r.stack.erase(r.stack.begin() + 5, r.stack.begin() + 7);
    CHECK_THAT(to_string(r), contains("#4   asio::detail::awaitable_thread::pump\n"));
    CHECK_THAT(to_string(r, true), contains("#4   asio::detail::awaitable_thread<asio::any_io_executor>::pump()\n"));
}

TEST_CASE("where the user's own code has no lines, a note says how to get them", "[format]")
{
    auto r = shown();
    auto const forget_source = [](frame& f) {
        f.file.clear();
        f.line = 0;
        f.module_offset = 0x1234;
    };
    SECTION("its names are known")
    {
        std::ranges::for_each(r.stack, forget_source);
        std::string const text = to_string(r);
        CHECK_THAT(text, contains("    serve(asio::ip::tcp::socket)                             server.cpp:31\n"
                                  "  note     for files and lines compile with -g, or ask an unstripped copy: "
                                  "addr2line -f -C -i -e /home/me/app 0x1234\n"));
        CHECK(text.find("note") == text.rfind("note"));
    }
    SECTION("nothing is known")
    {
        r.awaited_by.clear();
        for (frame& f : r.stack) {
            forget_source(f);
            f.function.clear();
        }
        r.stack[2].module_offset = 0x77;
        CHECK_THAT(to_string(r), contains("    #2   app+0x77\n") && contains("-e /home/me/app 0x77\n"));
    }
    SECTION("only the system's libraries have none")
    {
        CHECK(r.stack[0].file.empty());
        CHECK_THAT(to_string(r), !contains("note"));
    }
    SECTION("nobody knows the module")
    {
        std::ranges::for_each(r.stack, forget_source);
        for (frame& f : r.stack) f.module.clear();
        CHECK_THAT(to_string(r), !contains("note"));
    }
}

TEST_CASE("what is not known is said", "[format]")
{
    auto r = shown();
    r.evidence.clear();
    r.cause = cause::unknown;
    r.loop.clear();
    r.awaited_by.clear();

    SECTION("no stack")
    {
        r.stack.clear();
        r.stack_quality = stack_quality::none;
        r.stack_missing = "the signal is blocked";
        CHECK(to_string(r) ==
              "loop blocked: block 1 for 153.2 ms (threshold 10.0 ms)\n"
              "  why      unknown\n"
              "  stack    none (thread 4242 \"ingest\"): the signal is blocked\n");
        CHECK(r.culprit() == nullptr);
    }
    SECTION("a part of a stack")
    {
        r.stack_quality = stack_quality::partial;
        r.stack_missing = "too deep";
        CHECK_THAT(to_string(r), contains("    (partial: too deep)\n"));
    }
    SECTION("no names")
    {
        frame f;
        f.address = 0x1234;
        r.stack = {f};
        CHECK_THAT(to_string(r), contains("    #0   0x1234\n"));
        r.stack[0].module = "/opt/lib/libx.so";
        r.stack[0].module_offset = 0x34;
        CHECK_THAT(to_string(r), contains("    #0   libx.so+0x34\n"));
    }
    SECTION("no end")
    {
        r.ended = false;
        CHECK_THAT(to_string(r), contains("for 153.2 ms (threshold 10.0 ms), and still blocked\n"));
    }
}

TEST_CASE("durations are written in the unit that suits them", "[format]")
{
    using loopwatch::detail::duration_text;
    CHECK(duration_text(850us) == "850.0 us");
    CHECK(duration_text(12500us) == "12.5 ms");
    CHECK(duration_text(2300ms) == "2.30 s");
}
