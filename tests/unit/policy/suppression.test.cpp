// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/policy/suppression_file.hpp>

#include <chrono>
#include <cstdint>

using namespace loopwatch;
using namespace std::chrono_literals;
using detail::calendar_day;
using detail::day_of;
using detail::maybe;
using detail::parse_suppression;
using detail::suppression;
using detail::suppression_file;

namespace {

constexpr calendar_day some_day{20260615};

frame called(char const* function, char const* file = "/home/x/src/app.cpp")
{
    frame f;
    f.function = function;
    f.file = file;
    f.module = "/home/x/app";
    return f;
}

/// read() of libc's, called by the culprit, which main called.
block_report blocked_in(frame culprit, cause why = cause::disk)
{
    block_report r;
    r.cause = why;
    frame libc = called("read", "");
    libc.module = "/lib/x86_64-linux-gnu/libc.so.6";
    r.stack = {libc, std::move(culprit), called("main")};
    return r;
}

}  // namespace

TEST_CASE("days are those of the calendar", "[suppression][portable]")
{
    std::chrono::sys_days day{};
    for (std::int64_t since_1970 = 0; since_1970 < 200 * 366; ++since_1970, day += std::chrono::days{1}) {
        std::chrono::year_month_day const date{day};
        auto const d = day_of(since_1970);
        auto const same = day_of(static_cast<int>(date.year()), static_cast<int>(static_cast<unsigned>(date.month())),
                                 static_cast<int>(static_cast<unsigned>(date.day())));
        if (!(same == d)) FAIL(since_1970);
    }
    for (int year : {1999, 2000, 2024, 2100})
        for (int month = 0; month < 14; ++month)
            for (int of_month = 0; of_month < 33; ++of_month) {
                std::chrono::year_month_day const date{std::chrono::year{year},
                                                       std::chrono::month{static_cast<unsigned>(month)},
                                                       std::chrono::day{static_cast<unsigned>(of_month)}};
                if (date.ok() != day_of(year, month, of_month).has_value())
                    FAIL(year << '-' << month << '-' << of_month);
            }
}

TEST_CASE("a suppression has a kind, a pattern, and perhaps a last day and a comment", "[suppression][portable]")
{
    struct good {
        char const* line;
        suppression::subject what;
        char const* pattern;
        maybe<calendar_day> until;
        char const* comment;
    };
    using enum suppression::subject;
    maybe<calendar_day> const new_year{calendar_day{20270101}};
    auto const [line, what, pattern, until, comment] = GENERATE_COPY(values<good>({
        {"culprit:*legacy::*", culprit, "*legacy::*", {}, ""},
        {"  stack:*grpc_init*\t\r", stack, "*grpc_init*", {}, ""},
        {"file:third_party/*", file, "third_party/*", {}, ""},
        {"cause:disk", suppression::subject::cause, "disk", {}, ""},
        {"culprit:f until=2027-01-01", culprit, "f", new_year, ""},
        {"culprit:f until=2027-01-01 # until the rewrite", culprit, "f", new_year, "until the rewrite"},
        {"culprit:f\t# why", culprit, "f", {}, "why"},
        {"culprit:f #", culprit, "f", {}, ""},
        {"culprit:f # until=never", culprit, "f", {}, "until=never"},
        {"culprit: f(std::string, int) const ", culprit, "f(std::string, int) const", {}, ""},
        {"culprit:main::{lambda()#1}::operator()() const", culprit, "main::{lambda()#1}::operator()() const", {}, ""},
        {"culprit:wait_until=x", culprit, "wait_until=x", {}, ""},
        {"culprit:f until=2028-02-29", culprit, "f", calendar_day{20280229}, ""},
    }));
    INFO(line);
    auto const s = parse_suppression(line);
    REQUIRE(s);
    CHECK(s->what == what);
    CHECK(s->pattern == pattern);
    CHECK(s->until == until);
    CHECK(s->comment == comment);
}

TEST_CASE("blank lines and comments are no suppressions", "[suppression][portable]")
{
    auto const* const line = GENERATE(values<char const*>({"", "  ", "\t\r", "# culprit:f", "  #"}));
    CHECK_FALSE(parse_suppression(line));
}

TEST_CASE("what is wrong in a file of suppressions is named by file and line", "[suppression][portable]")
{
    struct wrong {
        char const* line;
        char const* why;
    };
    auto const [line, why] = GENERATE(values<wrong>({
        {"culprti:f", "\"culprti\": must begin with culprit:, stack:, file: or cause:"},
        {"Culprit:f", "\"Culprit\": must begin"},
        {":f", "must begin"},
        {"just_a_name", "\"just_a_name\": must begin"},
        {"app::f", "\"app\": must begin"},
        {"culprit", "must begin"},
        {"culprit:", "culprit: lacks a pattern"},
        {"file:  # why", "file: lacks a pattern"},
        {"stack: until=2027-01-01", "stack: lacks a pattern"},
        {"cause:dsik", "cause:dsik: there is no such cause; there are unknown cpu"},
        {"cause:*", "cause:*: there is no such cause"},
        {"culprit:f until=2027-02-29", "until=2027-02-29: no day of the calendar"},
        {"culprit:f until=2027-13-01", "no day of the calendar"},
        {"culprit:f until=2027-1-1", "no day of the calendar"},
        {"culprit:f until=01.01.2027", "no day of the calendar"},
        {"culprit:f until=", "no day of the calendar"},
        {"culprit:f until=2027-01-01x", "no day of the calendar"},
        {"culprit:f until=2027-01-01 please", "\"please\" stands behind until="},
        {"culprit:f until=2027-01-01 until=2027-01-01", "until= stands there twice"},
    }));
    INFO(line);
    try {
        suppression_file const all{"dir/supp.txt", "# head\n\nculprit:good\n" + std::string{line} + "\ncause:cpu\n"};
        FAIL("accepted");
    } catch (std::invalid_argument const& e) {
        CHECK_THAT(e.what(), contains("loopwatch: dir/supp.txt:4: "));
        CHECK_THAT(e.what(), contains(why));
    }
}

TEST_CASE("a suppression is about the blocks that it describes, and no others", "[suppression][portable]")
{
    auto const about = [](char const* line, block_report const& report) {
        return is_about(*parse_suppression(line), report);
    };
    auto const legacy = blocked_in(called("app::legacy::load(std::string)"));

    CHECK(about("culprit:app::legacy::load(std::string)", legacy));
    CHECK(about("culprit:app::legacy::load", legacy));
    CHECK(about("culprit:*legacy::*", legacy));
    CHECK_FALSE(about("culprit:legacy::*", legacy));
    CHECK_FALSE(about("culprit:main", legacy));
    CHECK_FALSE(about("culprit:read", legacy));
    CHECK(about("culprit:app::f", blocked_in(called("std::vector<int> app::f<int>(int)"))) == false);
    CHECK(about("culprit:app::f<int>", blocked_in(called("std::vector<int> app::f<int>(int)"))));

    auto const in_lambda = blocked_in(called("app::serve(int)::{lambda}"));
    CHECK(about("culprit:app::serve(int)::{lambda}", in_lambda));
    CHECK(about("culprit:app::serve::{lambda}", in_lambda));
    CHECK(about("culprit:app::serve(int)::{lambda(long)#2}::operator()(long) const", in_lambda));
    CHECK_FALSE(about("culprit:app::serve::{lambda}", blocked_in(called("app::serve(int)"))));

    CHECK(about("stack:main", legacy));
    CHECK(about("stack:read", legacy));
    CHECK(about("stack:*load*", legacy));
    CHECK_FALSE(about("stack:*save*", legacy));

    CHECK(about("file:src/*", legacy));
    CHECK(about("file:app.cpp", legacy));
    CHECK_FALSE(about("file:third_party/*", legacy));
    CHECK(about("file:third_party/*", blocked_in(called("v::f()", "/home/x/third_party/v.hpp"))));

    CHECK(about("cause:disk", legacy));
    CHECK_FALSE(about("cause:cpu", legacy));
    CHECK(about("cause:blocking_call", blocked_in(called("f()"), cause::blocking_call)));
}

TEST_CASE("of a block without a stack only the cause is known", "[suppression][portable]")
{
    block_report nothing;
    nothing.cause = cause::cpu;
    for (auto const* const line : {"culprit:*", "stack:*", "file:*"}) {
        INFO(line);
        CHECK_FALSE(is_about(*parse_suppression(line), nothing));
    }
    CHECK(is_about(*parse_suppression("cause:cpu"), nothing));
}

TEST_CASE("the excuse names the line; a suppression counts through its last day", "[suppression][portable]")
{
    suppression_file all{"s.txt",
                         "culprit:other\nculprit:*load* until=2026-06-15 # slow disk\n\nstack:main\nstack:never\n"};
    auto const report = blocked_in(called("load()"));
    CHECK(all.excuse_for(report, calendar_day{20260614}, true) == "suppressed by s.txt:2 (slow disk)");
    CHECK(all.excuse_for(report, some_day, true) == "suppressed by s.txt:2 (slow disk)");
    CHECK(all.excuse_for(report, calendar_day{20260616}, true) == "suppressed by s.txt:4");
    block_report unknown;
    CHECK(all.excuse_for(unknown, some_day, true).empty());

    CHECK(all.leftovers(some_day, true) ==
          "loopwatch: s.txt:1: suppressed nothing: culprit:other\n"
          "loopwatch: s.txt:5: suppressed nothing: stack:never\n");
    CHECK(all.leftovers(calendar_day{20260616}, false) ==
          "loopwatch: s.txt:2: expired after 2026-06-15: culprit:*load*\n");
}

TEST_CASE("a word about a block that goes on is no use of a suppression", "[suppression][portable]")
{
    suppression_file all{"s.txt", "stack:main"};
    auto const report = blocked_in(called("load()"));
    CHECK(all.excuse_for(report, some_day, false) == "suppressed by s.txt:1");
    CHECK_THAT(all.leftovers(some_day, true), contains("s.txt:1: suppressed nothing"));
    CHECK(all.excuse_for(report, some_day, true) == "suppressed by s.txt:1");
    CHECK(all.leftovers(some_day, true).empty());
}
