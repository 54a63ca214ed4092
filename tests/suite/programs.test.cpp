// SPDX-License-Identifier: BSL-1.0

// What whole suites print, and how they end: catch2_program and gtest_program are run as users run theirs.
#include "suite/support/program.hpp"

#include "support/catch.hpp"

#include <fstream>
#include <iterator>
#include <string>

namespace {

ended catch2(std::string const& arguments, std::string const& mode = "")
{
    return run(LOOPWATCH_TEST_CATCH2_PROGRAM, arguments, mode);
}
#if defined(LOOPWATCH_TEST_GTEST_PROGRAM)
ended gtest(std::string const& arguments, std::string const& mode = "")
{
    return run(LOOPWATCH_TEST_GTEST_PROGRAM, arguments, mode);
}
#endif

std::string junit_case(std::string_view xml, std::string const& name)
{
    return part(xml, "name=\"" + name + '"', "<testcase ");
}

constexpr char const* failing[] = {"fails: blocks",
                                   "fails: blocks twice",
                                   "fails: a static context",
                                   "fails: added",
                                   "fails: on another thread",
                                   "fails: in the second section",
                                   "fails: for one generated value",
                                   "fails: by itself as well",
                                   "fails: throws",
                                   "fails: run raises",
                                   "fails: a match",
                                   "fails: by its fixture, once"};

}  // namespace

TEST_CASE("Catch2: a test case fails of a block, in every reporter")
{
    auto const junit = catch2("-r junit");
    auto const xml = catch2("-r xml");
    CHECK(junit.badly());
    CHECK(xml.badly());
    for (std::string const name : failing) {
        CAPTURE(name);
        auto const in_junit = junit_case(junit.output, name);
        CHECK((has(in_junit, "<failure") || has(in_junit, "<error")));
        CHECK(has(in_junit, "loop blocked: block 1 "));
        CHECK(has(in_junit, "put_object"));
        auto const in_xml = xml_case(xml.output, name);
        CHECK(has(in_xml, "loop blocked: block 1 "));
        CHECK(has(in_xml, "<OverallResult success=\"false\""));
    }
    for (std::string const name : {"passes: free", "passes: a threshold of its own", "untagged", "passes: no loop"}) {
        CAPTURE(name);
        auto const in_junit = junit_case(junit.output, name);
        CHECK_FALSE(has(in_junit, "<failure"));
        CHECK(has(xml_case(xml.output, name), "<OverallResult success=\"true\""));
    }
    CHECK(has(xml_case(xml.output, "fails: should fail, and does not"), "<OverallResult success=\"false\""));
    CHECK(has(xml_case(xml.output, "passes: should fail, and does"), "<OverallResult success=\"true\""));
    CHECK(has(xml_case(xml.output, "passes: may fail"), "<OverallResult success=\"true\""));
}

TEST_CASE("Catch2: the console shows the report at the test case's line")
{
    for (std::string const name : failing) {
        // A comma in a test specification is an or.
        auto pattern = name.substr(0, name.find(','));
        if (pattern != name) pattern += '*';
        auto const it = catch2("'" + pattern + "'");
        CAPTURE(name, it.output);
        CHECK(it.badly());
        CHECK(has(it.output, "FAILED:"));
        CHECK(has(it.output, "catch2_program.cpp:"));
        CHECK(has(it.output, "culprit  put_object"));
        CHECK(count(it.output, "\nloop blocked: ") + count(it.output, "  loop blocked: ") ==
              (name == "fails: blocks twice" ? 2 : 1));
    }
    CHECK(catch2("'passes: free'").well());
    CHECK(catch2("'passes: a threshold of its own'").well());
    CHECK(catch2("untagged").well());
    CHECK(catch2("'passes: should fail*'").well());
    CHECK(catch2("'passes: may fail'").well());
}

TEST_CASE("Catch2: no line of a report is broken by the console, which has 80 columns")
{
    for (std::string const name :
         {"fails: blocks twice", "fails: run raises", "fails: a match", "fails: a long name"}) {
        auto const it = catch2("'" + name + "'");
        CAPTURE(name, it.output);
        CHECK(it.badly());
        auto const lines = lines_of_reports(it.output);
        CHECK(lines.size() > 5);
        for (std::string const& line : lines) {
            CHECK(line.size() < 80);
            // What the console breaks off stands below the report's first column, where but one line begins.
            if (!has(line, "loop blocked: ")) CHECK(line.starts_with("    "));
        }
    }
}

TEST_CASE("Catch2: what else goes wrong is still shown")
{
    CHECK(has(catch2("'fails: by itself as well'").output, "1 + 1 == 3"));
    CHECK(has(catch2("'fails: throws'").output, "thrown by the test"));
    auto const twice = catch2("'fails: blocks twice'");
    CHECK(has(twice.output, "block 2 "));
    CHECK(has(catch2("'fails: added'").output, "on \"uploads\""));

    auto const in_coroutine = catch2("'fails: an assertion in a coroutine'");
    CHECK(in_coroutine.badly());
    CHECK(has(in_coroutine.output, "2 + 2 == 5"));
    CHECK_FALSE(has(in_coroutine.output, "unexpected exception"));
    CHECK(count(in_coroutine.output, "FAILED:") == 1);

    CHECK(has(catch2("'fails: a match'").output, "never blocked the loop"));
}

TEST_CASE("Catch2: no loop is not taken for no block")
{
    auto const it = catch2("'passes: no loop'");
    CHECK(it.well());
    CHECK(has(it.output, "no loop was watched"));
    CHECK_FALSE(has(catch2("'passes: free'").output, "no loop was watched"));
}

TEST_CASE("Catch2: of test cases that have no tag the run's end tells which had no loop")
{
    auto const it = catch2("untagged,'passes: free','a pure function'", "all");
    CHECK(count(it.output, "no loop was watched") == 1);
    CHECK(has(it.output,
              "\nloopwatch: in 1 of 2 tests no loop was watched, so none was seen to be blocked:\n"
              "    a pure function\nIf one has a loop, make the io_context a loopwatch::watched_io_context"));
    CHECK_FALSE(has(catch2("untagged,'a pure function'").output, "no loop was watched"));
    auto const xml = catch2("'a pure function' -r xml -o /dev/null", "all");
    CHECK(has(xml.output, "loopwatch: in 1 of 1 tests"));  // on standard error
    CHECK(xml.well());
}

TEST_CASE("Catch2: a tag that can't be understood fails its test case")
{
    auto const it = catch2("'fails: bad tag'");
    CHECK(it.badly());
    CHECK(has(it.output, "[no_loop_blocking:50]"));
}

TEST_CASE("Catch2: the listener's options")
{
    SECTION("all")
    {
        auto const it = catch2("untagged", "all");
        CHECK(it.badly());
        CHECK(has(it.output, "loop blocked: block 1 "));
    }
    SECTION("as of every suite")
    {
        check_options([](auto mode) { return catch2("'fails: blocks'", mode); },
                      [](auto mode) { return catch2("'passes: free'", mode); });
    }
}

TEST_CASE("Catch2: a run that is to end at its first failure does")
{
    auto const it = catch2("-x 1 'fails: blocks*'");
    CHECK(it.badly());
    CHECK(count(it.output, "loop blocked: ") == 1);
    CHECK(has(it.output, "1 failed"));
}

TEST_CASE("Catch2: a test that dies does not hang in its listener") { check_dies(catch2("[.dies]")); }

#if defined(LOOPWATCH_TEST_GTEST_PROGRAM)

TEST_CASE("GoogleTest: a test fails of a block, in every output")
{
    auto const file = std::string{LOOPWATCH_TEST_GTEST_PROGRAM} + ".xml";
    auto const it = gtest("--gtest_output=xml:'" + file + "'");
    CHECK(it.badly());
    std::string const xml = [&] {
        std::ifstream in{file};
        return std::string{std::istreambuf_iterator<char>{in}, {}};
    }();
    auto const in_xml = [&](std::string const& name) { return part(xml, "name=\"" + name + '"', "<testcase "); };

    for (std::string const name :
         {"FailsBlocked", "FailsOnAThread", "FailsByStatic", "FailsByItselfAsWell", "FailsAndThrows", "FailsInFixture",
          "FailsOnceByStatement", "FailsAndEndsByStatement", "FailsInCoroutine", "FailsOnGivenLoop",
          "FailsByFixture"}) {
        CAPTURE(name, in_xml(name));
        CHECK(has(in_xml(name), "<failure"));
        CHECK(has(in_xml(name), "loop blocked: block 1 "));
        CHECK(has(in_xml(name), "put_object"));
        CHECK(has(it.output, "." + name + " ("));
    }
    for (std::string const name :
         {"PassesFree", "NotWatched", "PassesUnwatched", "PassesStatement", "PassesWithoutLoop"}) {
        CAPTURE(name, in_xml(name));
        CHECK_FALSE(in_xml(name).empty());
        CHECK_FALSE(has(in_xml(name), "<failure"));
    }
    // All that fail, but for the one without a loop: in a whole run it has that of an earlier test's static.
    CHECK(has(it.output, "12 FAILED TESTS"));
}

TEST_CASE("GoogleTest: a failure is told once, at its line")
{
    auto const once = [](std::string const& test) {
        auto it = gtest("--gtest_filter=" + test);
        CAPTURE(test, it.output);
        CHECK(it.badly());
        CHECK(count(it.output, "loop blocked: ") == 1);
        CHECK(count(it.output, ": Failure") == 1);
        CHECK(has(it.output, "gtest_program.cpp:"));
        for (std::string const& line : lines_of_reports(it.output)) CHECK(line.size() < 80);
        return it.output;
    };
    once("Net.FailsBlocked");
    once("Own.FailsByFixture");
    once("Net.FailsInCoroutine");
    once("Bare.FailsOnGivenLoop");
    once("Unwatched.FailsOnGivenLoop");
    auto const text = once("Net.FailsOnceByStatement");
    CHECK(has(text, "Expected: run_blocked(ctx) does not block a loop."));
    CHECK(has(text, "said by the user"));
    CHECK_FALSE(has(once("Net.FailsAndEndsByStatement"), "it went on"));
}

TEST_CASE("GoogleTest: no loop is not taken for no block")
{
    auto const it = gtest("--gtest_filter=Bare.*Without*");
    CHECK(it.badly());
    CHECK(count(it.output, "\nno loop was watched here") == 1);  // a warning says it after its test's name
    CHECK(has(it.output, "[ WARNING  ] Bare.PassesWithoutLoop: loopwatch: no loop was watched"));
    CHECK(has(it.output, "[       OK ] Bare.PassesWithoutLoop"));
    CHECK_FALSE(has(gtest("--gtest_filter=Net.Skips:Net.PassesFree").output, "WARNING"));
}

TEST_CASE("GoogleTest: without a filter the run's end tells which tests had no loop")
{
    auto const it = gtest("--gtest_filter=Bare.PassesWithoutLoop:Net.PassesFree:Net.Skips", "all");
    CHECK(it.well());
    CHECK_FALSE(has(it.output, "WARNING"));
    check_one_without_loop(it, "Bare.PassesWithoutLoop");
}

TEST_CASE("GoogleTest: the listener's options")
{
    check_options([](auto mode) { return gtest("--gtest_filter=Net.FailsBlocked", mode); },
                  [](auto mode) { return gtest("--gtest_filter=Net.PassesFree", mode); });
}

#endif
