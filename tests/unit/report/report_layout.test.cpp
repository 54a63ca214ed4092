// SPDX-License-Identifier: BSL-1.0

// How a report's text is laid out for a width, and what of a stack it shows.
#include "support/catch.hpp"

#include <loopwatch/impl/report/report_text.hpp>
#include <loopwatch/impl/report/text/terminal.hpp>

#include <algorithm>
#include <map>
#include <sstream>

using namespace loopwatch;
using namespace std::chrono_literals;
using detail::columns_of;
using detail::shortened;
using detail::test_layout;
using detail::text_kind;
using detail::text_layout;
using detail::text_of;
using detail::wide_layout;
using detail::with_arguments_to;

namespace {

frame in(char const* function, char const* file, unsigned line, char const* module = "/home/me/app")
{
    frame f;
    f.function = function;
    f.file = file;
    f.line = line;
    f.module = module;
    return f;
}

char const* const c_library = "/lib/x86_64-linux-gnu/libc.so.6";
char const* const json = "/usr/include/nlohmann/json.hpp";

/// A parser in a header, called by a template of the user's, that a coroutine calls.
block_report a_parse()
{
    block_report r;
    r.number = 1;
    r.loop = "main";
    r.thread_id = 4242;
    r.thread_name = "ingest";
    r.duration = 153200us;
    r.threshold = 10ms;
    r.cause = cause::blocking_call;
    r.evidence = "recvfrom(fd 9: tcp 127.0.0.1:51234 -> 127.0.0.1:9000), and what else there is to say of it";
    r.stack_quality = stack_quality::exact;
    r.stack = {in("clock_nanosleep", "./time/clock_nanosleep.c", 48, c_library),
               in("__nanosleep", "./time/nanosleep.c", 25, c_library),
               in("bool nlohmann::detail::parser<nlohmann::basic_json<std::map> >::sax_parse<int>(int*)", json, 300),
               in("nlohmann::basic_json<std::map>::parse<std::string&>(std::string&)", json, 700),
               in("app::session<boost::beast::basic_stream<boost::asio::ip::tcp, boost::asio::any_io_executor>, "
                  "std::vector<std::pair<int, int>>>::on_read(unsigned long)",
                  "/src/session.cpp", 1186),
               in("ingest(asio::ip::tcp::socket, std::string_view, std::string_view, std::chrono::milliseconds)",
                  "/src/a_file_with_a_long_name.cpp", 86),
               in("asio::detail::awaitable_thread<asio::any_io_executor>::pump()", "/usr/include/asio/a.hpp", 1),
               in("asio::io_context::run()", "/usr/include/asio/b.hpp", 2),
               in("main", "/src/app.cpp", 99)};
    r.stack[5].coroutine = true;
    r.awaited_by = {in("serve(asio::ip::tcp::socket)", "/src/server.cpp", 31)};
    r.fix = "run the transfer on a thread_pool: co_await co_spawn(pool, ..., use_awaitable)";
    return r;
}

std::vector<std::string> lines_of(std::string const& text)
{
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

std::size_t longest_of(std::string const& text)
{
    std::size_t longest = 0;
    for (auto const& line : lines_of(text)) longest = std::max(longest, columns_of(line));
    return longest;
}

/// All that is not blank.
std::string letters_of(std::string text)
{
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    return text;
}

}  // namespace

TEST_CASE("the lines of a test's failure fit Catch2's console, places below where they must", "[report_layout]")
{
    CHECK(text_of(a_parse(), test_layout(false)) ==
          "loop blocked: block 1 on \"main\" for 153.2 ms (threshold 10.0 ms)\n"
          "  why      blocking call: recvfrom(fd 9: tcp 127.0.0.1:51234 ->\n"
          "           127.0.0.1:9000), and what else there is to say of it\n"
          "  culprit  app::session<...>::on_read(unsigned long) at session.cpp:1186\n"
          "  stack    (thread 4242 \"ingest\", most recent call first)\n"
          "    #0   clock_nanosleep                        clock_nanosleep.c:48\n"
          "    ... 2 frames in libc, nlohmann\n"
          "    #3   nlohmann::basic_json::parse            json.hpp:700\n"
          "    #4   app::session<...>::on_read(unsigned long) session.cpp:1186\n"
          "    #5   ingest(asio::ip::tcp::socket, std::string_view, std::string_view,\n"
          "         std::chrono::milliseconds)\n"
          "                                  a_file_with_a_long_name.cpp:86   coroutine\n"
          "    ... 2 frames in asio\n"
          "    #8   main                                   app.cpp:99\n"
          "  awaited by\n"
          "    serve(asio::ip::tcp::socket)                          server.cpp:31\n"
          "  fix      run the transfer on a thread_pool: co_await co_spawn(pool, ...,\n"
          "           use_awaitable)\n");
}

TEST_CASE("whatever the width, lines fit, and nothing is lost by it", "[report_layout]")
{
    auto const width = GENERATE(range<std::size_t>(44, 130, 7));
    auto const all_frames = GENERATE(false, true);
    INFO(width);
    auto const text = text_of(a_parse(), {.width = width, .breaks = true, .all_frames = all_frames});
    INFO(text);
    CHECK(longest_of(text) <= width);
    CHECK(text.find(" \n") == text.npos);
    if (all_frames) CHECK(letters_of(text) == letters_of(to_string(a_parse(), true)));
    // In one piece, for whoever looks for it.
    for (auto const* const place : {"clock_nanosleep.c:48", "session.cpp:1186", "a_file_with_a_long_name.cpp:86"})
        CHECK_THAT(text, contains(place));
}

TEST_CASE("in files a frame is a line, and places stand at one column", "[report_layout]")
{
    auto const text = text_of(a_parse(), wide_layout(false));
    CHECK(text == to_string(a_parse()));
    auto const lines = lines_of(text);
    CHECK(lines[4] == "    #0   clock_nanosleep                                          clock_nanosleep.c:48");
    CHECK(std::ranges::count_if(lines, [](auto const& l) { return l.starts_with("    #"); }) == 5);
    CHECK_THAT(text, contains("and what else there is to say of it\n"));
}

TEST_CASE("of what is not the user's the leaf is shown, and what the culprit called", "[report_layout]")
{
    auto r = a_parse();
    SECTION("all others fold, whosever they are")
    {
        auto const text = to_string(r);
        CHECK_THAT(text, contains("#0   clock_nanosleep ") && contains("    ... 2 frames in libc, nlohmann\n") &&
                             contains("#3   nlohmann::basic_json::parse ") && contains("    ... 2 frames in asio\n"));
    }
    SECTION("all of them can be asked for, with all of their names")
    {
        auto const text = to_string(r, true);
        CHECK_THAT(text, contains("sax_parse<int>(int*)") && contains("#1   __nanosleep ") && !contains("frames in") &&
                             contains("on_read") && !contains("<...>"));
    }
    SECTION("a leaf of std's as well")
    {
        r.stack[0] = in("bool std::operator< <int>(int)", "/usr/include/c++/12/bits/a.h", 1);
        r.stack[1] = in("std::sort<int*>(int*)", "/usr/include/c++/12/bits/a.h", 2);
        CHECK_THAT(to_string(r), contains("#0   std::operator< ") && contains("... 2 frames in std, nlohmann\n"));
    }
    SECTION("where nothing is the user's, libraries are all there is to see")
    {
        r.stack = {in("poll", "", 0, c_library),
                   in("g_main_run", "", 0, "/usr/lib/libglib-2.0.so.0"),
                   in("gtk_main", "", 0, "/usr/lib/libgtk-4.so.1"),
                   in("asio::a()", "", 0),
                   in("asio::b()", "", 0),
                   in("asio::c()", "", 0)};
        CHECK_THAT(to_string(r), contains("#1   g_main_run\n    #2   gtk_main\n    ... 3 frames in asio\n"));
    }
    SECTION("code that is nobody's by the user's word")
    {
        r.stack[4].origin = code_origin::library;
        CHECK_THAT(to_string(r), contains("culprit  ingest(") && contains("... 3 frames in libc, nlohmann\n") &&
                                     contains("#4   app::session::on_read "));
    }
}

TEST_CASE("libraries are called by their namespace, or by their file", "[report_layout]")
{
    auto const library = [](frame f, code_origin origin = code_origin::unknown) {
        f.origin = origin;
        return std::string{detail::library_of(f)};
    };
    CHECK(library(in("bool nlohmann::detail::f<int>()", json, 1)) == "nlohmann");
    CHECK(library(in("GfxFont::make(int)", "", 0, "/usr/lib/libpoppler-cpp.so.0")) == "libpoppler-cpp");
    CHECK(library(in("poll", "", 0, "/lib/libc-2.31.so")) == "libc");
    CHECK(library(in("asio::run()", "", 0)) == "asio");
    CHECK(library(in("inflate", "/src/third_party/zlib/inflate.c", 7), code_origin::library) == "zlib");
    CHECK(library(in("", "", 0, "/opt/vendor/libvendor.so.3"), code_origin::library) == "libvendor");
    CHECK(library(in("__interceptor_read", "", 0)) == "the system");
}

TEST_CASE("template arguments give way where there is no room, the inner ones first", "[report_layout]")
{
    std::string_view const name = "f<a<b<double>, c>, d>(std::vector<e<g> > const&)";
    CHECK(shortened(name, 48) == name);
    CHECK(shortened(name, 47) == "f<a<b<...>, c>, d>(std::vector<e<g> > const&)");
    CHECK(shortened(name, 44) == "f<a<...>, d>(std::vector<e<...> > const&)");
    CHECK(shortened(name, 30) == "f<...>(std::vector<...> const&)");
    CHECK(shortened(name, 0) == "f<...>(std::vector<...> const&)");

    CHECK(with_arguments_to(0, "std::operator<=><char>(int)", "<...>") == "std::operator<=><...>(int)");
    CHECK(with_arguments_to(0, "std::operator<< <char>(int)", "<...>") == "std::operator<< <...>(int)");
    CHECK(with_arguments_to(0, "ptr<int>::operator->() const", "<...>") == "ptr<...>::operator->() const");
    CHECK(with_arguments_to(0, "f<decltype (a->b)>::g", "<...>") == "f<...>::g");
    CHECK(detail::without_arguments("std::operator< <int>") == "std::operator< ");
}

TEST_CASE("names break behind parameters, prose at blanks, and neither within a character", "[report_layout]")
{
    using lines = detail::many<std::string_view>;
    auto const broken = [](std::string_view text, std::size_t columns, text_kind kind) {
        return detail::broken(text, columns, kind);
    };
    CHECK(broken("f(std::string, std::string)", 20, text_kind::name) == lines{"f(std::string,", "std::string)"});
    CHECK(broken("a::bbbbbbbbbbbbb::cccccccccccc", 20, text_kind::name) == lines{"a::bbbbbbbbbbbbb::", "cccccccccccc"});
    CHECK(broken("aaaaaaaaaaaaaaaaaaaaaaaa", 16, text_kind::name) == lines{"aaaaaaaaaaaaaaaa", "aaaaaaaa"});
    CHECK(broken("\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4x",
                 16, text_kind::name)[1] == "x");
    CHECK(broken("ask addr2line -e /a/long/path/without/an/end", 20, text_kind::prose) ==
          lines{"ask addr2line -e", "/a/long/path/without/an/end"});
    CHECK(broken("", 20, text_kind::prose) == lines{""});
}

TEST_CASE("a terminal's text has colours and links, and else is the same", "[report_layout]")
{
    text_layout how{.width = 100, .breaks = true};
    auto const plain = text_of(a_parse(), how);
    how.colour = true;
    how.located = [](std::string const& file) { return file.starts_with("/src/") ? file : std::string{}; };
    how.host = "my box";
    auto text = text_of(a_parse(), how);
    CHECK_THAT(text, contains("\033[1;31mloop blocked\033[0m: block 1 ") &&
                         contains("\033]8;;file://my%20box/src/session.cpp#1186\033\\\033[36msession.cpp:1186\033[0m"
                                  "\033]8;;\033\\\n"));
    CHECK_THAT(text, !contains("file://my%20box/usr"));
    for (auto begin = text.find('\033'); begin != text.npos; begin = text.find('\033')) {
        bool const is_link = text[begin + 1] == ']';
        auto const end = text.find(is_link ? '\\' : 'm', begin);
        text.erase(begin, end - begin + 1);
    }
    CHECK(text == plain);
}

TEST_CASE("what the environment wishes of a terminal", "[report_layout]")
{
    using variables = std::map<std::string, std::string>;
    auto const wishes = [](variables const& v) {
        return detail::terminal_wishes::of([&](char const* name) {
            auto const at = v.find(name);
            return at == v.end() ? std::string{} : at->second;
        });
    };
    auto const colour = [&](variables const& v) { return terminal_layout(wishes(v), 0, false).colour; };
    auto const width = [&](variables const& v, std::size_t columns) {
        return terminal_layout(wishes(v), columns, false).width;
    };
    CHECK(colour({{"TERM", "xterm"}}));
    CHECK_FALSE(colour({{"TERM", "dumb"}}));
    CHECK_FALSE(colour({}));
    CHECK_FALSE(colour({{"TERM", "xterm"}, {"NO_COLOR", "0"}}));
    CHECK(colour({{"TERM", "xterm"}, {"NO_COLOR", ""}}));
    CHECK(colour({{"TERM", "dumb"}, {"FORCE_COLOR", "1"}}));
    CHECK_FALSE(colour({{"TERM", "dumb"}, {"FORCE_COLOR", "0"}}));
    CHECK_FALSE(colour({{"FORCE_COLOR", "1"}, {"NO_COLOR", "1"}}));

    CHECK(width({}, 132) == 132);
    CHECK(width({}, 0) == 80);
    CHECK(width({}, 3) == 40);
    CHECK(width({{"COLUMNS", "66"}}, 132) == 66);
    CHECK(width({{"COLUMNS", "all"}}, 132) == 132);

    CHECK(wishes({{"TERM", "linux"}}).no_links);
    CHECK(wishes({{"VTE_VERSION", "4205"}}).no_links);
    CHECK_FALSE(wishes({{"TERM", "xterm"}, {"VTE_VERSION", "7200"}, {"COLORTERM", "truecolor"}}).no_links);
}

TEST_CASE("a line tells the handler that held the loop", "[report_layout]")
{
    block_report r = a_parse();
    auto const line = [&](text_layout const& how = wide_layout(false)) {
        std::string const text = text_of(r, how);
        auto const at = text.find("  handler  ");
        return at == text.npos ? std::string{} : text.substr(at, text.find("  stack ", at) - at);
    };
    CHECK(line().empty());
    handler_info& h = r.handler;
    h.operation = "async_receive";
    h.completion_handler = "session::on_read";
    h.object_type = "socket";
    h.native_handle = 9;
    h.peer = "tcp 127.0.0.1:9000";
    h.started = 1200ms;
    CHECK(line() == "  handler  async_receive on tcp 127.0.0.1:9000 -> session::on_read, started 1.20 s before\n");
    h.file = "/src/server.cpp";
    h.line = 31;
    CHECK(line(test_layout(false)) ==
          "  handler  async_receive on tcp 127.0.0.1:9000 -> session::on_read, started\n"
          "           1.20 s before at server.cpp:31\n");
    h.queued = 2ms;
    CHECK_THAT(line(wide_layout(true)), contains("started 1.20 s before at server.cpp:31, 2.0 ms in the queue\n"));
    h.queued = -1ns;
    h.peer.clear();
    CHECK_THAT(line(), contains("async_receive on socket (fd 9) -> session::on_read, started"));
    h.started = -1ns;
    CHECK_THAT(line(), contains("-> session::on_read, started at server.cpp:31\n"));

    h = {};
    h.operation = "post";
    h.completion_handler = "serve(int)::{lambda}";
    h.started = h.queued = 3100us;
    CHECK(line() == "  handler  post -> serve(int)::{lambda}, 3.1 ms in the queue\n");
    h.operation.clear();
    h.queued = h.started = -1ns;
    CHECK(line() == "  handler  serve(int)::{lambda}\n");

    h = {};
    h.operation = "async_wait";
    h.object_type = "deadline_timer";
    CHECK(line() == "  handler  async_wait on timer\n");
    h.completion_handler = "app::on<" + std::string(100, 'x') + ">";
    CHECK(line() == "  handler  async_wait on timer -> app::on<...>\n");
    CHECK_THAT(line(wide_layout(true)), contains(h.completion_handler));
}
