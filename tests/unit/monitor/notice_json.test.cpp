// SPDX-License-Identifier: BSL-1.0

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <vector>

#include <loopwatch/impl/monitor/notice_json.hpp>
#include <loopwatch/impl/monitor/otlp_json.hpp>

namespace {

using namespace std::chrono_literals;
namespace notice_json_test {

loopwatch::block_notice blocked()
{
    loopwatch::block_notice notice;
    loopwatch::block_report& r = notice.report;
    r.number = 3;
    r.loop = "api";
    r.thread_id = 42;
    r.thread_name = "worker";
    r.began_at = std::chrono::system_clock::time_point{1'700'000'000s + 123'456us};
    r.duration = 150ms;
    r.duration_max = 152ms;
    r.own_duration = 150ms;
    r.threshold = 10ms;
    r.cause = loopwatch::cause::disk;
    r.evidence = "pread(fd 5)";
    r.stack_quality = loopwatch::stack_quality::exact;
    r.stack.resize(2);
    r.stack[0].function = "pread64";
    r.stack[0].origin = loopwatch::code_origin::system;
    r.stack[1].function = "bool app::load<int>(std::string const&)";
    r.stack[1].file = "/src/app.cpp";
    r.stack[1].line = 60;
    r.stack[1].module = "/bin/app";
    r.stack[1].module_offset = 0x1234;
    r.stack[1].origin = loopwatch::code_origin::user;
    notice.severity = loopwatch::severity::error;
    notice.count = 2;
    notice.total = 250ms;
    notice.longest = 150ms;
    return notice;
}

}  // namespace notice_json_test
}  // namespace

TEST_CASE("a notice as JSON")
{
    auto const json = loopwatch::detail::json_of(notice_json_test::blocked());
    CHECK(
        json ==
        R"~({"timestamp":"2023-11-14T22:13:20.123456Z","severity_text":"ERROR","severity_number":17,)~"
        R"~("body":"loop blocked: block 3 on \"api\" for 150.0 ms: disk: pread(fd 5) in )~"
        R"~(bool app::load<int>(std::string const&) at app.cpp:60; 2 times so far, 250.0 ms in all, 150.0 ms at most",)~"
        R"~("loopwatch.loop":"api","loopwatch.cause":"disk","loopwatch.evidence":"pread(fd 5)",)~"
        R"~("loopwatch.duration":0.15,"loopwatch.duration_max":0.152,"loopwatch.own_duration":0.15,)~"
        R"~("loopwatch.threshold":0.01,"loopwatch.ended":true,"loopwatch.number":3,)~"
        R"~("thread.id":42,"thread.name":"worker","code.function.name":"app::load<int>",)~"
        R"~("code.file.path":"/src/app.cpp","code.line.number":60,"loopwatch.telling":"full",)~"
        R"~("loopwatch.severity":"error","loopwatch.count":2,"loopwatch.total":0.25,"loopwatch.longest":0.15,)~"
        R"~("loopwatch.held_back":0,"loopwatch.stack_quality":"exact",)~"
        R"~("code.stacktrace":"#0 pread64\n#1 bool app::load<int>(std::string const&) at /src/app.cpp:60\n",)~"
        R"~("loopwatch.stack":[{"code.function.name":"pread64"},{"code.function.name":"app::load<int>",)~"
        R"~("code.file.path":"/src/app.cpp","code.line.number":60,"loopwatch.module":"/bin/app",)~"
        R"~("loopwatch.module_offset":"0x1234"}]})~");
}

TEST_CASE("each severity has OpenTelemetry's name and number")
{
    auto notice = notice_json_test::blocked();
    auto const begins = [&](loopwatch::severity how_bad) {
        notice.severity = how_bad;
        return loopwatch::detail::json_of(notice);
    };
    CHECK_THAT(begins(loopwatch::severity::warning), contains(R"~("severity_text":"WARN","severity_number":13,)~") &&
                                                         contains(R"~("loopwatch.severity":"warning")~"));
    CHECK_THAT(begins(loopwatch::severity::critical), contains(R"~("severity_text":"FATAL","severity_number":21,)~") &&
                                                          contains(R"~("loopwatch.severity":"critical")~"));
}

TEST_CASE("a frame says in JSON what kind it is, and a block by which coroutines it is awaited")
{
    auto notice = notice_json_test::blocked();
    notice.report.stack[1].inlined = true;
    auto waits = notice.report.stack[1];
    waits.function = "app::serve()";
    waits.inlined = false;
    waits.coroutine = true;
    notice.report.awaited_by = {waits};
    CHECK_THAT(
        loopwatch::detail::json_of(notice),
        contains(R"~("loopwatch.module_offset":"0x1234","loopwatch.inlined":true}],)~"
                 R"~("loopwatch.awaited_by":[{"code.function.name":"app::serve","code.file.path":"/src/app.cpp",)~"
                 R"~("code.line.number":60,"loopwatch.module":"/bin/app","loopwatch.module_offset":"0x1234",)~"
                 R"~("loopwatch.coroutine":true}])~"));
}

TEST_CASE("long template arguments of functions are left out of JSON")
{
    auto notice = notice_json_test::blocked();
    std::string const operation = "boost::asio::detail::composed_op<boost::beast::http::detail::read_op<" +
                                  std::string(5000, 'x') + ">, int>::complete";
    notice.report.stack.resize(3);
    notice.report.stack[2].function = operation + "(int)";
    notice.report.stack[2].origin = loopwatch::code_origin::asio;
    auto const json = loopwatch::detail::json_of(notice);
    CHECK_THAT(json, Catch::Contains(R"~({"code.function.name":"boost::asio::detail::composed_op<)~"
                                     R"~(boost::beast::http::detail::read_op<...>, int>::complete"})~"));
    CHECK(json.size() < 2000);
}

TEST_CASE("long template arguments of a culprit are left out of a line")
{
    auto notice = notice_json_test::blocked();
    notice.telling = loopwatch::telling::brief;
    notice.report.stack[1].function = "app::session<app::stream<" + std::string(5000, 'x') + "> >::on_read(int)";
    CHECK_THAT(loopwatch::detail::line_of(notice),
               Catch::Contains(" in app::session<app::stream<...> >::on_read(int) at "));
    CHECK(loopwatch::detail::json_of(notice).size() < 2000);
}

TEST_CASE("what was held back is told, one block or several")
{
    auto notice = notice_json_test::blocked();
    notice.held_back = 1;
    CHECK_THAT(loopwatch::detail::line_of(notice), Catch::EndsWith("; 1 other was only counted\n"));
    notice.held_back = 2;
    CHECK_THAT(loopwatch::detail::line_of(notice), Catch::EndsWith("; 2 others were only counted\n"));
    notice.telling = loopwatch::telling::full;
    CHECK_THAT(loopwatch::detail::text_of(notice, {}),
               Catch::StartsWith("loopwatch: 2 blocks were only counted since the last report\n"));
    notice.held_back = 1;
    CHECK_THAT(loopwatch::detail::text_of(notice, {}),
               Catch::StartsWith("loopwatch: 1 block was only counted since the last report\n"));
}

TEST_CASE("a notice that is told in brief has no stacks in JSON")
{
    auto notice = notice_json_test::blocked();
    notice.telling = loopwatch::telling::brief;
    notice.report.samples.resize(2);
    auto const json = loopwatch::detail::json_of(notice);
    CHECK_THAT(json, !contains("code.stacktrace") && !contains("loopwatch.stack\"") && !contains("samples"));
    CHECK_THAT(json, contains(R"~("code.function.name":"app::load<int>")~"));
}

TEST_CASE("samples that differ are told, and what is alike once")
{
    auto notice = notice_json_test::blocked();
    auto const stack = notice.report.stack;
    auto const doing = [&](std::chrono::nanoseconds after, std::string what) {
        return loopwatch::block_sample{after, std::move(what), stack, loopwatch::stack_quality::exact};
    };
    notice.report.samples = {doing(10ms, "on CPU"), doing(20ms, "on CPU"), doing(40ms, "read(fd 3)")};
    auto const samples = [&] {
        auto const json = loopwatch::detail::json_of(notice);
        return json.substr(json.find(R"~("loopwatch.samples")~"));
    };
    CHECK_THAT(samples(), contains(R"~("loopwatch.after":0.01,"loopwatch.doing":"on CPU","code.stacktrace":"#0 pre)~"));
    CHECK_THAT(samples(), !contains(R"~("loopwatch.after":0.02)~"));
    CHECK_THAT(samples(), contains(R"~("loopwatch.after":0.04,"loopwatch.doing":"read(fd 3)")~"));
    notice.report.samples[1].stack.pop_back();
    CHECK_THAT(samples(), contains(R"~("loopwatch.after":0.02)~"));
    notice.report.samples[1].doing.clear();
    CHECK_THAT(samples(), contains(R"~("loopwatch.after":0.02,"code.stacktrace")~"));
    notice.report.samples = {doing(10ms, "on CPU"), doing(20ms, "on CPU")};
    CHECK_THAT(loopwatch::detail::json_of(notice), !contains("loopwatch.samples"));
}

TEST_CASE("the thread that held a lock is told in JSON")
{
    auto notice = notice_json_test::blocked();
    notice.report.held_by.emplace();
    notice.report.held_by->thread_id = 43;
    notice.report.held_by->stack = notice.report.stack;
    CHECK_THAT(loopwatch::detail::json_of(notice),
               contains(R"~("loopwatch.held_by":{"thread.id":43,"code.stacktrace":"#0 pread64\n)~"));
    notice.report.held_by->thread_name = "holder";
    notice.report.held_by->stack.resize(1);
    CHECK_THAT(loopwatch::detail::json_of(notice),
               contains(R"~("loopwatch.held_by":{"thread.id":43,"thread.name":"holder",)~"
                        R"~("code.stacktrace":"#0 pread64\n","loopwatch.stack":[{"code.function.name":"pread64"}]})~"));
}

TEST_CASE("a block as a span of OTLP")
{
    auto notice = notice_json_test::blocked();
    notice.report.samples = {{20ms, "on CPU", notice.report.stack, loopwatch::stack_quality::exact}};
    std::vector<loopwatch::detail::otlp_attribute> const resource{{"service.name", "shop"}, {"x", "y"}};
    auto const line = loopwatch::detail::otlp_of(notice, resource, "T", "S");
    CHECK_THAT(line, contains(R"~({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",)~"
                              R"~("value":{"stringValue":"shop"}},{"key":"x","value":{"stringValue":"y"}}]},)~"
                              R"~("scopeSpans":[{"scope":{"name":"loopwatch","version":")~"));
    CHECK_THAT(line,
               contains(R"~("spans":[{"traceId":"T","spanId":"S","name":"loop blocked in app::load<int>","kind":1,)~"
                        R"~("startTimeUnixNano":"1700000000123456000","endTimeUnixNano":"1700000000273456000",)~"));
    CHECK_THAT(line, contains(R"~({"key":"loopwatch.cause","value":{"stringValue":"disk"}})~"));
    CHECK_THAT(line, contains(R"~({"key":"loopwatch.duration","value":{"doubleValue":0.15}})~"));
    CHECK_THAT(line, contains(R"~({"key":"loopwatch.ended","value":{"boolValue":true}})~"));
    CHECK_THAT(line, contains(R"~({"key":"code.line.number","value":{"intValue":"60"}})~"));
    CHECK_THAT(line, contains(R"~("events":[{"timeUnixNano":"1700000000143456000","name":"stack","attributes":[)~"
                              R"~({"key":"loopwatch.doing","value":{"stringValue":"on CPU"}},)~"
                              R"~({"key":"code.stacktrace","value":{"stringValue":"#0 pread64\n#1 bool)~"));
    CHECK_THAT(line, contains(R"~("status":{"message":"disk: pread(fd 5)","code":2}}]}]}]})~"));
    CHECK(line.find('\n') == line.npos);

    notice.report.excuse = "only starved";
    CHECK_THAT(loopwatch::detail::otlp_of(notice, resource, "T", "S"),
               !contains("status") && contains(R"~("name":"loop delayed in app::load<int>")~"));
}

TEST_CASE("ids are hexadecimal, with all of their digits")
{
    std::uint64_t const words[]{0x1, 0xfedcba9876543210};
    CHECK(loopwatch::detail::hex_id(words) == "0000000000000001fedcba9876543210");
}

TEST_CASE("the handler that held a loop is told as attributes, as far as it is known")
{
    auto notice = notice_json_test::blocked();
    CHECK_THAT(loopwatch::detail::json_of(notice), !contains("loopwatch.handler"));
    loopwatch::handler_info& h = notice.report.handler;
    h.operation = "async_read";
    h.completion_handler = "session::on_read";
    h.object_type = "socket";
    h.object = 0x7f0012345678;
    h.native_handle = 0;
    h.peer = "tcp 127.0.0.1:9000";
    h.file = "/src/server.cpp";
    h.line = 31;
    h.started = 1500ms;
    CHECK_THAT(loopwatch::detail::json_of(notice),
               contains(R"~(,"loopwatch.handler.operation":"async_read",)~"
                        R"~("loopwatch.handler.completion_handler":"session::on_read",)~"
                        R"~("loopwatch.handler.object_type":"socket","loopwatch.handler.object":"0x7f0012345678",)~"
                        R"~("loopwatch.handler.native_handle":0,"loopwatch.handler.peer":"tcp 127.0.0.1:9000",)~"
                        R"~("loopwatch.handler.file":"/src/server.cpp","loopwatch.handler.line":31,)~"
                        R"~("loopwatch.handler.started":1.5,"loopwatch.telling":)~"));
    CHECK_THAT(
        loopwatch::detail::otlp_of(notice, {}, "t", "s"),
        contains(R"~({"key":"loopwatch.handler.completion_handler","value":{"stringValue":"session::on_read"}})~") &&
            contains(R"~({"key":"loopwatch.handler.started","value":{"doubleValue":1.5}})~"));
    h = {};
    h.operation = "post";
    h.queued = 0ns;
    CHECK_THAT(loopwatch::detail::json_of(notice),
               contains(R"~("loopwatch.handler.operation":"post","loopwatch.handler.queued":0,"loopwatch.telling")~"));
    h.completion_handler = "app::on<" + std::string(5000, 'x') + ">";
    CHECK_THAT(loopwatch::detail::json_of(notice), contains(R"~("app::on<...>")~"));
}

TEST_CASE("what ran while a heartbeat waited is told as a list")
{
    auto notice = notice_json_test::blocked();
    notice.report.handlers_run = {{"session::on_read", 1200}, {"", 40}};
    CHECK_THAT(loopwatch::detail::json_of(notice),
               contains(R"~("loopwatch.handlers_run":[{"loopwatch.handler.completion_handler":"session::on_read",)~"
                        R"~("loopwatch.count":1200},{"loopwatch.count":40}])~"));
    CHECK_THAT(loopwatch::detail::otlp_of(notice, {}, "t", "s"),
               contains(R"~({"key":"loopwatch.handlers_run","value":{"arrayValue":{"values":[)~"
                        R"~({"stringValue":"1200 x session::on_read"},{"stringValue":"40 x others"}]}}}]})~") ||
                   contains(R"~({"key":"loopwatch.handlers_run","value":{"arrayValue":{"values":[)~"
                            R"~({"stringValue":"1200 x session::on_read"},{"stringValue":"40 x others"}]}}}],)~"));
}
