// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/github/summary.hpp>
#include <loopwatch/impl/github/workflow_command.hpp>

#include <filesystem>
#include <fstream>

using namespace loopwatch;
using namespace std::chrono_literals;
using detail::annotation;
using detail::path_within;

namespace {

block_report example()
{
    block_report r;
    r.loop = "main";
    r.duration = 153'200us;
    r.own_duration = 153'200us;
    r.threshold = 10ms;
    r.cause = cause::blocking_call;
    r.evidence = "nanosleep(2 s)";
    r.fix = "wait with steady_timer::async_wait";
    frame f;
    f.function = "app::load(int)";
    f.file = "/w/repo/src/app.cpp";
    f.line = 60;
    r.stack = {f};
    return r;
}

}  // namespace

TEST_CASE("a block is one line for GitHub, at the culprit's", "[ci][portable]")
{
    CHECK(annotation(example(), "/w/repo") ==
          "::error file=src/app.cpp,line=60,title=Event loop \"main\" blocked for 153.2 ms (threshold 10.0 ms)"
          "::blocking call: nanosleep(2 s)%0Aculprit: app::load(int)%0Afix: wait with steady_timer::async_wait\n");
}

TEST_CASE("what means something in a workflow's command is escaped", "[ci][portable]")
{
    using detail::escaped_data;
    using detail::escaped_property;
    CHECK(escaped_data("100% of a,b::c\r\nd") == "100%25 of a,b::c%0D%0Ad");
    CHECK(escaped_property("100% of a,b::c\r\nd") == "100%25 of a%2Cb%3A%3Ac%0D%0Ad");
    CHECK(escaped_data("%0A") == "%250A");

    auto r = example();
    r.loop = "a,b::c\n%";
    r.stack.front().file = "/w/repo/odd,name:%.cpp";
    r.evidence = "on CPU for 97% of 153 ms\n::error::forged";
    auto const line = annotation(r, "/w/repo");
    CHECK_THAT(line, contains("file=odd%2Cname%3A%25.cpp,line=60,"));
    CHECK_THAT(line, contains("title=Event loop \"a%2Cb%3A%3Ac%0A%25\" blocked"));
    CHECK_THAT(line, contains("on CPU for 97%25 of 153 ms%0A::error::forged"));
    CHECK(line.find('\n') == line.size() - 1);
}

TEST_CASE("an annotation without a culprit, a file or a line names none", "[ci][portable]")
{
    auto r = example();
    r.stack.front().line = 0;
    CHECK_THAT(annotation(r, "/w/repo"), contains("::error file=src/app.cpp,title="));
    r.stack.front().file.clear();
    CHECK_THAT(annotation(r, "/w/repo"), contains("::error title="));
    r.stack.clear();
    r.loop.clear();
    r.fix.clear();
    CHECK(annotation(r, "/w/repo") ==
          "::error title=Event loop blocked for 153.2 ms (threshold 10.0 ms)::blocking call: nanosleep(2 s)\n");
}

TEST_CASE("a file is named from the repository on, if it is in it", "[ci][portable]")
{
    CHECK(path_within("/w/repo/src/a.cpp", "/w/repo") == "src/a.cpp");
    CHECK(path_within("/w/repo/src/a.cpp", "/w/repo/") == "src/a.cpp");
    CHECK(path_within("/w/repo/build/../src/./a.cpp", "/w/repo") == "src/a.cpp");
    CHECK(path_within("/w/repository/a.cpp", "/w/repo") == "/w/repository/a.cpp");
    CHECK(path_within("/usr/include/a.h", "/w/repo") == "/usr/include/a.h");
    CHECK(path_within("/w/repo/src/a.cpp", "") == "/w/repo/src/a.cpp");
    CHECK(path_within("src/a.cpp", "/w/repo") == "src/a.cpp");
    CHECK(path_within("../../src/a.cpp", "/w/repo") == "../../src/a.cpp");

    // What is in the workspace is asked of the file system, if it must be.
    auto const here = std::filesystem::current_path();
    std::string const file = "is_in_the_workspace.txt";
    std::ofstream{file} << "here\n";
    CHECK(path_within("../../" + file, here.string()) == file);
    CHECK(path_within("../x/../" + file, here.string()) == file);
    std::filesystem::remove(file);
    CHECK(path_within("../../" + file, here.string()) == "../../" + file);
}

TEST_CASE("a summary is one table, a row for each signature", "[ci][portable]")
{
    CHECK(detail::summary_table({}).empty());

    auto r = example();
    detail::summary_row row{.which = detail::signature_of(r)};
    row.add(r, "/w/repo");
    r.duration = 300ms;
    r.own_duration = 250ms;
    r.stack.front().line = 61;
    row.add(r, "/w/repo");
    r.duration = 20ms;
    r.own_duration = 20ms;
    r.stack.front().line = 62;
    row.add(r, "/w/repo");

    auto longer = row;
    longer.which = {"f()", "", cause::cpu};
    longer.own = 2s;
    CHECK(detail::summary_table({row, longer}) ==
          "\n### Blocked event loops\n\n"
          "| loop | cause | duration | own | culprit | at | times |\n"
          "|---|---|---:|---:|---|---|---:|\n"
          "| main | cpu | 300.0 ms | 2.00 s | `f()` | `src/app.cpp:61` | 3 |\n"
          "| main | blocking\\_call | 300.0 ms | 250.0 ms | `app::load(int)` | `src/app.cpp:61` | 3 |\n");
}

TEST_CASE("nothing in a cell ends it, or means anything to Markdown", "[ci][portable]")
{
    CHECK(detail::cell_text("a|b\nc\rd <e> *f* `g` [h](i) \\ & x_y") ==
          "a\\|b c d \\<e\\> \\*f\\* \\`g\\` \\[h\\](i) \\\\ \\& x\\_y");
    CHECK(detail::cell_code("operator|(A<B>, C)\n`x`") == "`operator\\|(A<B>, C) 'x'`");
    CHECK(detail::cell_code("").empty());
}

TEST_CASE("a summary has an end", "[ci][portable]")
{
    detail::many<detail::summary_row> rows;
    rows.resize(103);
    auto const table = detail::summary_table(rows);
    CHECK(std::ranges::count(table, '\n') == 3 + 2 + 100 + 2);
    CHECK_THAT(table, contains("\nand 3 more\n"));
}
