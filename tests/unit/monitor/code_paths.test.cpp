// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/analysis/code_path_number.hpp>
#include <loopwatch/impl/monitor/code_paths.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

frame function(std::string const& name, code_origin origin = code_origin::user)
{
    frame f;
    f.function = name;
    f.file = "/src/app.cpp";
    f.line = 7;
    f.origin = origin;
    return f;
}

block_report block_in(std::vector<frame> stack, nanoseconds duration = 100ms, cause why = cause::disk)
{
    block_report report;
    report.stack = std::move(stack);
    report.duration = duration;
    report.cause = why;
    report.loop = "api";
    return report;
}

void add(code_paths& to, block_report const& report, std::size_t most)
{
    to.of(report, report.stack, most).add(report, report.culprit());
}

}  // namespace

TEST_CASE("a code path is what the user's functions are from the culprit outwards, and the cause")
{
    auto const load = block_in({function("read", code_origin::system), function("load()"), function("serve()")});
    auto const same = [&](block_report const& other) { return code_path_of(load) == code_path_of(other); };

    SECTION("whatever the system's function, the line, the address or the loop")
    {
        auto other = block_in({function("pread", code_origin::system), function("load()"), function("serve()")}, 3s);
        other.stack[1].line = 99;
        other.stack[1].address = 0x1234;
        other.loop = "jobs";
        CHECK(same(other));
    }
    SECTION("whatever library calls it")
    {
        CHECK(same(block_in({function("read", code_origin::system), function("load()"),
                             function("std::function::operator()", code_origin::std), function("serve()")})));
    }
    SECTION("whatever function without a name it calls")
    {
        auto other = load;
        other.stack.insert(other.stack.begin() + 1, function(""));
        other.stack[1].module = "/bin/app";
        CHECK(same(other));
    }
    SECTION("however deep a function calls itself")
    {
        auto deep = load;
        deep.stack.insert(deep.stack.begin() + 1, function("load()"));
        CHECK(same(deep));
    }
    SECTION("but for the cause") { CHECK(!same(block_in(load.stack, 100ms, cause::cpu))); }
    SECTION("but for whether anybody is to blame")
    {
        auto excused = load;
        excused.excuse = "only 1 ms of it was its own";
        CHECK(!same(excused));
    }
    SECTION("but for the culprit") { CHECK(!same(block_in({function("save()"), function("serve()")}))); }
    SECTION("but for who called it") { CHECK(!same(block_in({function("load()"), function("index()")}))); }
    SECTION("lambdas of one function that wait are told apart by their lines, those that compute are not")
    {
        auto route = block_in({function("recv", code_origin::system), function("routes()::{lambda}")});
        route.stack.push_back(function("serve()::{lambda}"));
        auto other = route;
        other.stack[1].line = 99;
        for (cause const why : {cause::blocking_call, cause::lock, cause::disk, cause::self_deadlock}) {
            route.cause = other.cause = why;
            CHECK(code_path_of(other) != code_path_of(route));
        }
        route.cause = other.cause = cause::cpu;
        CHECK(code_path_of(other) == code_path_of(route));
        // Those that call it are where they are for another reason.
        other = route;
        other.stack[2].line = 99;
        other.cause = route.cause = cause::disk;
        CHECK(code_path_of(other) == code_path_of(route));
    }
    SECTION("not by what runs the loop")
    {
        auto other = load;
        other.stack.push_back(function("main"));
        other.stack.back().outside = true;
        CHECK(same(other));
    }
    SECTION("functions without a name are told apart by where they are")
    {
        auto nameless = block_in({function("")});
        nameless.stack[0].module = "/bin/app";
        nameless.stack[0].module_offset = 0x10;
        auto other = nameless;
        CHECK(code_path_of(other) == code_path_of(nameless));
        other.stack[0].module_offset = 0x20;
        CHECK(code_path_of(other) != code_path_of(nameless));
        auto both = nameless;
        both.stack.push_back(other.stack[0]);  // which does not call itself
        CHECK(code_path_of(both) != code_path_of(nameless));
        other = nameless;
        other.stack[0].module = "/lib/plugin.so";
        CHECK(code_path_of(other) != code_path_of(nameless));
    }
}

TEST_CASE("code paths are ranked by the time that their blocks took together")
{
    code_paths paths;
    auto const seen = [&](block_report const& report) { add(paths, report, 10); };
    seen(block_in({function("long_once()")}, 500ms));
    for (int i = 0; i < 10; ++i) seen(block_in({function("short_often()")}, i == 4 ? 90ms : 80ms));
    auto nobodys = block_in({function("starved()")}, 10s, cause::starved);
    nobodys.excuse = "only 1 ms of it was its own";
    seen(nobodys);

    auto const ranked = paths.ranked(10);
    REQUIRE(ranked.size() == 2);
    CHECK(ranked[0]->culprit == "short_often()");
    CHECK(ranked[0]->count == 10);
    CHECK(ranked[0]->total == 810ms);
    CHECK(ranked[0]->longest == 90ms);
    CHECK(ranked[0]->file == "/src/app.cpp");
    CHECK(ranked[0]->line == 7);
    CHECK(ranked[0]->loop == "api");
    CHECK(ranked[1]->culprit == "long_once()");
    CHECK(paths.total() == 1310ms);
    CHECK(paths.ranked(1).size() == 1);
}

TEST_CASE("a code path whose block still lasts is in no ranking")
{
    code_paths paths;
    auto const lasts = block_in({function("load()")});
    auto& path = paths.of(lasts, lasts.stack, 10);
    CHECK(paths.ranked(10).empty());
    path.add(lasts, lasts.culprit());
    CHECK(paths.ranked(10).size() == 1);
}

TEST_CASE("the evidence is that of the longest block")
{
    code_paths paths;
    for (auto const& [duration, evidence] :
         {std::pair{100ms, "read(fd 1)"}, std::pair{300ms, "read(fd 2)"}, std::pair{200ms, "read(fd 3)"}}) {
        auto report = block_in({function("load()")}, duration);
        report.evidence = evidence;
        add(paths, report, 10);
    }
    CHECK(paths.ranked(1)[0]->evidence == "read(fd 2)");
}

TEST_CASE("code paths beyond the limit are one, and none is lost from the total")
{
    code_paths paths;
    for (int i = 0; i < 100; ++i) {
        auto const report = block_in({function("f" + std::to_string(i) + "()")}, 100ms);
        add(paths, report, 3);
    }
    auto const ranked = paths.ranked(100);
    REQUIRE(ranked.size() == 4);
    CHECK(ranked[0]->culprit == "other");
    CHECK(ranked[0]->count == 97);
    CHECK(paths.total() == 10s);
    auto const known = block_in({function("f1()")}, 100ms);
    add(paths, known, 3);
    CHECK(paths.ranked(2)[1]->count == 2);
}

TEST_CASE("what nobody is to blame for is in no ranking, also when there are too many code paths")
{
    code_paths paths;
    auto const blamed = block_in({function("app::load()")});
    auto excused = block_in({function("app::wait()")});
    excused.excuse = "only 1 ms of it are its own";
    add(paths, blamed, 1);
    for (int i = 0; i < 3; ++i) add(paths, excused, 1);
    auto const other = block_in({function("app::store()")});
    add(paths, other, 1);
    auto const ranked = paths.ranked(10);
    REQUIRE(ranked.size() == 2);
    CHECK(ranked[0]->count + ranked[1]->count == 2);
    CHECK(paths.total() == blamed.duration + other.duration);
}
