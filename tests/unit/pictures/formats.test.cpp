// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "unit/pictures/a_recording.hpp"

#include <loopwatch/impl/pictures/chrome_trace.hpp>
#include <loopwatch/impl/pictures/folded_stacks.hpp>
#include <loopwatch/impl/pictures/speedscope_profile.hpp>

#include <string>

using namespace loopwatch;
using namespace std::chrono_literals;
using detail::chrome_trace_text;
using detail::folded_stacks_text;
using detail::speedscope_profile;
using pictured::a_recording;

namespace {

std::string without_version(std::string text)
{
    std::string const version = detail::exporter_text();
    auto const at = text.find(version);
    REQUIRE(at != text.npos);
    return text.replace(at, version.size(), "loopwatch");
}

recording recording_of(block_report block)
{
    recording one;
    one.blocks.push_back(std::move(block));
    return one;
}

}  // namespace

TEST_CASE("stacks are folded by loop, and have the time since the sample before", "[pictures][portable]")
{
    CHECK(folded_stacks_text(a_recording()) ==
          "api;main;serve();parse(int) 40000\n"
          "api;main;serve();check(int) 10000\n"
          "api;[between two handlers] 50000\n"
          "jobs;main;serve();fetch() 70000\n");
    CHECK(folded_stacks_text({}).empty());
}

TEST_CASE("a folded stack is one line whatever its names are", "[pictures][portable]")
{
    auto block = pictured::a_call();
    block.loop = "a;b\nc";
    block.samples.clear();
    block.stack = {pictured::in("operator \"\"_x(;)\r\n", "", 0), pictured::in("f\xff()", "", 0)};
    CHECK(folded_stacks_text(recording_of(block)) == "a,b\\x0ac;f\\xff();operator \"\"_x(,)\\x0d\\x0a 70000\n");
    block.loop = "";
    block.stack.clear();
    block.stack_missing = "signal; blocked";
    CHECK(folded_stacks_text(recording_of(block)) == "loop;[no stack: signal, blocked] 70000\n");
}

TEST_CASE("the times of a block's samples are its duration, however long the samples took", "[pictures][portable]")
{
    auto block = pictured::a_computation();
    block.duration = 40ms;  // it is certain only that it was blocked until then, and more samples were taken
    auto const stacks = detail::weighted_stacks(block);
    REQUIRE(stacks.size() == 4);
    CHECK(stacks[0].time == 20ms);
    CHECK(stacks[1].time == 10ms);
    CHECK(stacks[2].time == 10ms);
    CHECK(stacks[3].time == 0ms);
}

TEST_CASE("what starts the program is no part of a profile's stacks, if there is more", "[pictures][portable]")
{
    auto block = pictured::a_call();
    block.samples.clear();
    block.stack.push_back(pictured::in("__libc_start_main", "", 0));
    block.stack.push_back(pictured::in("_start", "", 0));
    CHECK(folded_stacks_text(recording_of(block)) == "jobs;main;serve();fetch() 70000\n");
    block.stack = {pictured::in("_start", "", 0)};
    CHECK(folded_stacks_text(recording_of(block)) == "jobs;_start 70000\n");
}

TEST_CASE("speedscope is given a profile of each block, which share their frames", "[pictures][portable]")
{
    CHECK(without_version(speedscope_profile(a_recording())) ==
          R"j({"$schema":"https://www.speedscope.app/file-format-schema.json","exporter":"loopwatch",)j"
          R"j("name":"what blocked the loops","profiles":[)j"
          R"j({"type":"sampled","name":"block 1 on api, 100.0 ms, cpu","unit":"nanoseconds","startValue":0,)j"
          R"j("endValue":100000000,"samples":[[0,1,2],[0,1,3],[0,1,2],[4]],)j"
          R"j("weights":[20000000,10000000,20000000,50000000]},)j"
          R"j({"type":"sampled","name":"block 1 on jobs, 70.0 ms, blocking call","unit":"nanoseconds","startValue":0,)j"
          R"j("endValue":70000250,"samples":[[0,1,5]],"weights":[70000250]},)j"
          R"j({"type":"sampled","name":"block 1 on api, 30.0 ms, starved, not blamed","unit":"nanoseconds",)j"
          R"j("startValue":0,"endValue":30000000,"samples":[[6]],"weights":[30000000]}],)j"
          R"j("activeProfileIndex":0,"shared":{"frames":[{"name":"main","file":"/src/main.cpp","line":3},)j"
          R"j({"name":"serve()","file":"/src/app.cpp","line":9},{"name":"parse(int)","file":"/src/app.cpp"},)j"
          R"j({"name":"check(int)","file":"/src/app.cpp","line":30},{"name":"[between two handlers]"},)j"
          R"j({"name":"fetch()","file":"/src/app.cpp","line":40},)j"
          R"j({"name":"[no stack: the thread was not scheduled]"}]}})j"
          "\n");
}

TEST_CASE("a trace has a track of each loop, its blocks, and its delay", "[pictures][portable]")
{
    CHECK(without_version(chrome_trace_text(a_recording())) ==
          R"j({"displayTimeUnit":"ms","otherData":{"exporter":"loopwatch","blocks_left_out":5},"traceEvents":[)j"
          R"j({"ph":"M","name":"process_name","pid":1,"tid":0,"args":{"name":"loopwatch"}},)j"
          R"j({"ph":"M","name":"thread_name","pid":1,"tid":1,"args":{"name":"api"}},)j"
          R"j({"ph":"M","name":"thread_sort_index","pid":1,"tid":1,"args":{"sort_index":1}},)j"
          R"j({"ph":"M","name":"thread_name","pid":1,"tid":2,"args":{"name":"api (2)"}},)j"
          R"j({"ph":"M","name":"thread_sort_index","pid":1,"tid":2,"args":{"sort_index":2}},)j"
          R"j({"ph":"M","name":"thread_name","pid":1,"tid":3,"args":{"name":"jobs"}},)j"
          R"j({"ph":"M","name":"thread_sort_index","pid":1,"tid":3,"args":{"sort_index":3}},)j"
          R"j({"ph":"M","name":"thread_name","pid":1,"tid":4,"args":{"name":"idle"}},)j"
          R"j({"ph":"M","name":"thread_sort_index","pid":1,"tid":4,"args":{"sort_index":4}},)j"
          R"j({"ph":"X","name":"parse(int)","pid":1,"cat":"block","tid":1,"ts":1700000000000000.000,"dur":100000.000,)j"
          R"j("args":{"block":1,"cause":"cpu","evidence":"on CPU for 97% of 100 ms","culprit":"parse(int)",)j"
          R"j("at":"app.cpp:20","thread":42,"stack":["parse(int) at app.cpp:20","serve() at app.cpp:9",)j"
          R"j("main at main.cpp:3"]}},)j"
          R"j({"ph":"X","name":"fetch()","pid":1,"cat":"block","tid":3,"ts":1700000000050001.750,"dur":70000.250,)j"
          R"j("args":{"block":1,"cause":"blocking_call","evidence":"recvfrom(fd 9)","culprit":"fetch()",)j"
          R"j("at":"app.cpp:40","fix":"use async_receive","thread":43,"stack":["fetch() at app.cpp:40",)j"
          R"j("serve() at app.cpp:9","main at main.cpp:3"]}},)j"
          R"j({"ph":"X","name":"starved","pid":1,"cat":"excused","tid":2,"ts":1700000000060000.000,"dur":30000.000,)j"
          R"j("args":{"block":1,"cause":"starved","evidence":"","excuse":"it was given no CPU","thread":0,"stack":[],)j"
          R"j("stack_missing":"the thread was not scheduled"}},)j"
          R"j({"ph":"C","name":"delay of api","pid":1,"ts":1699999999990000.000,"args":{"ms":1.5}},)j"
          R"j({"ph":"C","name":"delay of api","pid":1,"ts":1700000000090000.000,"args":{"ms":80}},)j"
          R"j({"ph":"C","name":"delay of idle","pid":1,"ts":1700000000000000.000,"args":{"ms":0.01}}]})j"
          "\n");
}

TEST_CASE("times keep their digits", "[pictures][portable]")
{
    CHECK(detail::microseconds_text(1ns) == "0.001");
    CHECK(detail::microseconds_text(-1500ns) == "-1.500");
    CHECK(detail::microseconds_text(1'795'852'620'796'592'437ns) == "1795852620796592.437");
}
