// SPDX-License-Identifier: BSL-1.0

// As programs.test.cpp, of boost_test_program and doctest_program.
#include "suite/support/program.hpp"

#include "support/catch.hpp"

#include <string>

namespace {

ended boost_test(std::string const& arguments, std::string const& mode = "")
{
    return run(LOOPWATCH_TEST_BOOST_TEST_PROGRAM, "--color_output=no " + arguments, mode);
}
#if defined(LOOPWATCH_TEST_DOCTEST_PROGRAM)
ended doctest(std::string const& arguments, std::string const& mode = "")
{
    return run(LOOPWATCH_TEST_DOCTEST_PROGRAM, arguments, mode);
}
#endif

}  // namespace

TEST_CASE("Boost.Test: a test case fails of a block, at its line, and others do not")
{
    auto const it = boost_test("--log_format=HRF");
    INFO(it.output);
    CHECK(it.badly());
    for (std::string const name :
         {"fails_blocked", "fails_added", "fails_on_a_thread", "fails_by_itself_as_well", "fails_and_throws",
          "fails_in_the_fixtures_end", "marked/fails_by_its_suite", "fails_by_its_fixture"}) {
        CAPTURE(name);
        auto const failure = part(it.output, "error: in \"" + name + "\": loop blocked: block 1 ", "error: in ");
        CHECK(has(failure, "culprit  put_object"));
        CHECK(has(failure, "  fix "));
    }
    CHECK(count(it.output, "loop blocked: ") == 10);  // those, one that raises, and one that is expected to
    CHECK(count(it.output, "boost_test_program.cpp(") >= 10);
    CHECK_FALSE(has(it.output, "in \"passes_free\""));
    CHECK_FALSE(has(it.output, "in \"passes_unmarked\""));
    CHECK_FALSE(has(it.output, "in \"marked/inner"));
    CHECK(has(it.output, "1 + 1 == 3"));
    CHECK(has(it.output, "thrown by the test"));
    CHECK(has(it.output, "on \"uploads\""));
    for (std::string const& line : lines_of_reports(boost_test("--run_test=fails_blocked").output))
        CHECK((line.size() < 80 || has(line, "loop blocked: ")));

    auto const summary = boost_test("--report_level=detailed");
    CHECK(has(summary.output, "Test case \"passes_as_expected\" has passed"));
    CHECK(has(summary.output, "Test case \"passes_unmarked\" has passed"));
    CHECK(has(summary.output, "Test case \"fails_blocked\" has failed"));
}

TEST_CASE("Boost.Test: a block is a failure in JUnit's format")
{
    auto const it = boost_test("--log_format=JUNIT --log_sink=stdout --run_test=fails_blocked,passes_free");
    INFO(it.output);
    CHECK(it.badly());
    auto const failed = part(it.output, "name=\"fails_blocked\"", "</testcase>");
    CHECK(has(failed, "<failure"));
    CHECK(has(failed, "put_object"));
    CHECK_FALSE(has(part(it.output, "name=\"passes_free\"", "</testcase>"), "<failure"));
}

TEST_CASE("Boost.Test: no loop is not taken for no block")
{
    auto const it = boost_test("--run_test=passes_without_loop,passes_free");
    CHECK(it.well());
    CHECK(count(it.output, "passes_without_loop: loopwatch: no loop was watched") == 1);
    CHECK(count(it.output, "no loop was watched") == 1);

    auto const all = boost_test("--run_test=a_pure_function,passes_unmarked", "all");
    CHECK(all.badly());
    CHECK(has(all.output, "error: in \"passes_unmarked\": loop blocked: block 1 "));
    check_one_without_loop(all, "a_pure_function");
    CHECK_FALSE(has(boost_test("--run_test=a_pure_function").output, "no loop was watched"));
}

TEST_CASE("Boost.Test: the options of the global fixture")
{
    check_options([](auto mode) { return boost_test("--run_test=fails_blocked", mode); },
                  [](auto mode) { return boost_test("--run_test=passes_free", mode); });
}

TEST_CASE("Boost.Test: a test that dies does not hang in its watch") { check_dies(boost_test("--run_test=dies")); }

#if defined(LOOPWATCH_TEST_DOCTEST_PROGRAM)

TEST_CASE("doctest: a test case fails of a block, in every reporter")
{
    auto const console = doctest("-nc");
    auto const junit = doctest("-r=junit");
    auto const xml = doctest("-r=xml");
    CHECK(console.badly());
    CHECK(junit.badly());
    CHECK(xml.badly());
    for (std::string const name :
         {"fails: blocks", "fails: added", "fails: on another thread", "fails: in the second subcase",
          "fails: by itself as well", "fails: throws", "fails: by its suite", "fails: by its fixture"}) {
        auto const in_console = part(console.output, "TEST CASE:  " + name + '\n', "TEST CASE: ");
        auto const in_xml = xml_case(xml.output, name);
        auto const deepest = name == "fails: in the second subcase" ? name + "/blocked" : name;
        auto const in_junit = part(junit.output, "name=\"" + deepest + '"', "<testcase ");
        CAPTURE(name, in_console, in_xml, in_junit);
        CHECK(has(in_console, "doctest_program.cpp:"));
        CHECK(has(in_console, "ERROR: CHECK( no_loop_blocking ) is NOT correct!"));
        CHECK(count(in_console, "  logged: loop blocked: block 1 ") == 1);
        CHECK(has(in_console, "culprit  put_object"));
        for (std::string const& line : lines_of_reports(in_console)) CHECK(line.size() < 80 + 10);
        CHECK(has(in_junit, "<failure"));
        CHECK(has(in_junit, "put_object"));
        CHECK(has(in_xml, "loop blocked: block 1 "));
        CHECK(has(in_xml, "test_case_success=\"false\""));
    }
    for (std::string const name :
         {"passes: free", "passes: unmarked", "passes: a threshold of its own", "passes: should fail, and does",
          "passes: may fail", "passes: no loop", "passes: by itself, and not by its suite"}) {
        CAPTURE(name);
        CHECK(has(xml_case(xml.output, name), "test_case_success=\"true\""));
    }
    CHECK(has(console.output, "| 10 failed |"));  // also one that should fail and does not, and one that raises
    CHECK(has(console.output, "2 == 3"));
    CHECK(has(console.output, "thrown by the test"));
    CHECK(has(console.output, "on \"uploads\""));
    // Only the second of three runs of the body is to blame.
    CHECK_FALSE(has(part(junit.output, "name=\"fails: in the second subcase/free\"", "<testcase "), "<failure"));
    CHECK_FALSE(has(part(junit.output, "name=\"fails: in the second subcase/free again\"", "<testcase "), "<failure"));
}

TEST_CASE("doctest: no loop is not taken for no block")
{
    auto const it = doctest("-tc='passes: no loop,passes: free'");
    CHECK(it.well());
    CHECK(count(it.output, "MESSAGE: loopwatch: no loop was watched") == 1);

    auto const all = doctest("-tc='a pure function,passes: unmarked'", "all");
    CHECK(all.badly());
    CHECK(has(all.output, "loop blocked: block 1 "));
    check_one_without_loop(all, "a pure function");
    CHECK_FALSE(has(doctest("-tc='a pure function'").output, "no loop was watched"));
}

TEST_CASE("doctest: the listener's options")
{
    check_options([](auto mode) { return doctest("-tc='fails: blocks'", mode); },
                  [](auto mode) { return doctest("-tc='passes: free'", mode); });
}

TEST_CASE("doctest: a test that dies does not hang in its watch") { check_dies(doctest("--no-skip -tc=dies")); }

#endif
