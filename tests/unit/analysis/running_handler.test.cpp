// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <loopwatch/impl/analysis/running_handler.hpp>

namespace running_handler_test {

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

/// As naming marks them: the last two frames run the loop.
std::vector<frame> marked(std::vector<frame> stack)
{
    stack.push_back(made::function("asio::detail::scheduler::run(std::error_code&)"));
    stack.push_back(made::function("main"));
    for (std::size_t i = stack.size() - 2; i < stack.size(); ++i) stack[i].outside = true;
    return stack;
}

std::vector<frame> calls(std::initializer_list<char const*> functions) { return marked(made::stack(functions)); }

handler_name const erased{.operation = "post"};
handler_name const member{.operation = "async_read",
                          .composed = true,
                          .handler = "void (app::session::*)(int)",
                          .nameless = true,
                          .member_of = "app::session"};

handler_facts facts()
{
    handler_facts h;
    h.known = true;
    h.started_before = 3ms;
    h.queued = 2ms;
    return h;
}

handler_facts receiving()
{
    handler_facts h = facts();
    h.object_type = "socket";
    h.operation = "async_receive";
    h.object = 0x7f0012345678;
    h.native = 9;
    h.descriptor.number = 9;
    h.descriptor.is_socket = true;
    h.descriptor.socket_type = 1;
    constexpr unsigned char local[] = {2, 0, 0x1f, 0x90, 10, 0, 0, 1};
    constexpr unsigned char peer[] = {2, 0, 0x23, 0x28, 127, 0, 0, 1};
    for (std::size_t i = 0; i < 8; ++i) {
        h.descriptor.local.bytes[i] = static_cast<std::byte>(local[i]);
        h.descriptor.peer.bytes[i] = static_cast<std::byte>(peer[i]);
    }
    h.descriptor.local.size = h.descriptor.peer.size = 16;
    return h;
}

}  // namespace

TEST_CASE("nothing is told where nothing was read", "[handler]")
{
    CHECK(info_of(handler_facts{}, member, calls({"app::session::on_read(int)"})) == handler_info{});
}

TEST_CASE("what is run at once has no object", "[handler]")
{
    auto const info = info_of(facts(), {.operation = "post", .handler = "serve(int)::{lambda}"}, {});
    CHECK(info.operation == "post");
    CHECK(info.completion_handler == "serve(int)::{lambda}");
    CHECK(info.object_type.empty());
    CHECK(info.native_handle == -1);
    CHECK(info.peer.empty());
    CHECK(info.started == 3ms);
    CHECK(info.queued == 2ms);
}

TEST_CASE("what waits for a result says on what", "[handler]")
{
    handler_facts h = receiving();
    h.file = "/src/server.cpp";
    h.line = 31;
    auto const info = info_of(h, {.operation = "async_receive", .handler = "app::on_read"}, {});
    CHECK(info.operation == "async_receive");
    CHECK(info.object_type == "socket");
    CHECK(info.object == 0x7f0012345678);
    CHECK(info.native_handle == 9);
    CHECK(info.peer == "tcp 127.0.0.1:9000");
    CHECK(info.file == "/src/server.cpp");
    CHECK(info.line == 31);
    CHECK(info.started == 3ms);
    CHECK(info.queued == 2ms);
}

TEST_CASE("where a composed operation starts others is not told", "[handler]")
{
    handler_facts h = receiving();
    h.line = 379;
    for (char const* const file : {"/usr/include/asio/impl/read.hpp", "/usr/include/boost/beast/http/impl/write.hpp",
                                   "/home/me/third_party/asio/impl/read.hpp"}) {
        CAPTURE(file);
        h.file = file;
        CHECK(info_of(h, {}, {}).file.empty());
        CHECK(info_of(h, {}, {}).line == 0);
    }
    h.file = "/home/me/asio/server.cpp";
    CHECK(info_of(h, {}, {}).file == "/home/me/asio/server.cpp");
    CHECK(info_of(h, {}, {}).line == 379);
}

TEST_CASE("an operation that is made of others is called as the user calls it", "[handler]")
{
    CHECK(info_of(receiving(), member, {}).operation == "async_read");
    // Of others the creation tells more than the type.
    handler_facts h = receiving();
    h.operation = "async_receive_from(null_buffers)";
    CHECK(info_of(h, {.operation = "async_wait"}, {}).operation == "async_receive_from(null_buffers)");
}

TEST_CASE("a socket without another end is told by its own address, and a timer has no descriptor", "[handler]")
{
    handler_facts h = receiving();
    h.descriptor.peer = {};
    CHECK(info_of(h, {}, {}).peer == "tcp 10.0.0.1:8080");
    h = facts();
    h.object_type = "deadline_timer";
    h.operation = "async_wait";
    h.native = 0;
    h.descriptor.number = 0;
    h.descriptor.link = "/dev/null";
    auto const info = info_of(h, {}, {});
    CHECK(info.native_handle == -1);
    CHECK(info.peer.empty());
    h.object_type = "descriptor";
    CHECK(info_of(h, {}, {}).native_handle == 0);
    CHECK(info_of(h, {}, {}).peer == "/dev/null");
    h.native = h.descriptor.number = -1;
    CHECK(info_of(h, {}, {}).native_handle == -1);
}

TEST_CASE("what the type does not say, the stack does: the user's outermost function in the handler", "[handler]")
{
    auto const name = [](handler_name const& type, std::vector<frame> const& stack) {
        return handler_text_of(type, stack);
    };
    auto const on_read = calls({"read", "app::parse()", "app::session::on_read(std::error_code, unsigned long)",
                                "std::invoke()", made::do_complete});
    SECTION("a pointer to a member") { CHECK(name(member, on_read) == "app::session::on_read"); }
    SECTION("but no function of another class: it was inlined")
    {
        CHECK(name(member, calls({"app::parse()", made::do_complete})) == "void (app::session::*)(int)");
        CHECK(name(member, calls({"app::session_log::write(int)"})) == "void (app::session::*)(int)");
    }
    SECTION("an erased type")
    {
        CHECK(name(erased, on_read) == "app::session::on_read");
        CHECK(name(erased, calls({"app::serve(int)::{lambda}"})) == "app::serve(int)::{lambda}");
        CHECK(name(erased, calls({"app::printer::operator()(int) const", "std::f()"})) == "app::printer");
        CHECK(name(erased, calls({"app::(anonymous namespace)::tick()"})) == "app::(anonymous namespace)::tick");
    }
    SECTION("a strand's handler")
    {
        CHECK(name({.operation = "strand", .runs_others = true}, on_read) == "app::session::on_read");
    }
    SECTION("a coroutine")
    {
        auto resumed = made::stack({"read", "app::load()", "app::serve(int)"});
        resumed[2].coroutine = true;
        CHECK(name(erased, marked(resumed)) == "coroutine");
    }
    SECTION("what the type says is not asked of the stack")
    {
        CHECK(name({.handler = "coroutine"}, on_read) == "coroutine");
    }
    SECTION("nothing is guessed")
    {
        CHECK(name(erased, {}).empty());
        CHECK(name(member, {}) == "void (app::session::*)(int)");
        CHECK(name(erased, calls({"std::sort(int*)", made::do_complete})).empty());
        // Where the handler begins is not known: the outermost function may be main().
        CHECK(name(erased, made::stack({"app::parse()", "main"})).empty());
        // The outermost has no name: the next one is called by it.
        auto nameless = made::stack({"app::parse()", ""});
        nameless[1].module = "/home/me/app";
        CHECK(name(erased, marked(nameless)).empty());
    }
}

TEST_CASE("a text is copied, of a long one the end", "[handler]")
{
    using text = copied_text<8>;
    CHECK(text{} == nullptr);
    CHECK(text{nullptr} == nullptr);
    CHECK(text{"12345678"}.view() == "12345678");
    CHECK(text{"0123456789"}.view() == "23456789");
    std::string was = "socket";
    text const copy{was.c_str()};
    was = "gone";
    CHECK(copy.view() == "socket");
    CHECK(copy != nullptr);
}

}  // namespace running_handler_test
