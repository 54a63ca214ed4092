// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/outlines.hpp"

#include <loopwatch/impl/report/kept_reports.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

std::vector<frame> stack_of(std::size_t size, std::string const& innermost)
{
    std::vector<frame> stack;
    for (std::size_t i = 0; i < size; ++i) {
        frame f;
        f.address = 0x1000 + i;
        f.function = i == 0 ? innermost : "app::caller_" + std::to_string(i) + "(int)";
        f.file = "/home/us/app.cpp";
        f.line = static_cast<unsigned>(i);
        stack.push_back(f);
    }
    return stack;
}

/// With something in each member.
block_report report_to_keep(std::uint64_t number, std::string const& innermost = "app::load()")
{
    block_report report;
    report.number = number;
    report.loop = "main";
    report.thread_id = 4711;
    report.thread_name = "ingest";
    report.duration = 50ms;
    report.evidence = "read(fd 3)";
    report.stack = stack_of(30, innermost);
    report.awaited_by = stack_of(3, "app::serve()");
    for (auto const after : {10ms, 20ms, 30ms}) {
        block_sample sample;
        sample.after = after;
        sample.doing = "read(fd 3)";
        sample.stack = stack_of(30, innermost);
        report.samples.push_back(sample);
    }
    report.held_by.emplace();
    report.held_by->thread_name = "db-pool";
    report.held_by->stack = stack_of(12, "db::query()");
    report.handler.operation = "async_read";
    report.handler.completion_handler = "session::on_read";
    report.handlers_run = {{"session::on_read", 2}};
    return report;
}

/// Adds reports that nobody has heard of, unless `heard`.
void add_reports(kept_reports& to, frame_store& frames, std::uint64_t first, std::uint64_t last, bool heard = false)
{
    for (std::uint64_t i = first; i <= last; ++i) {
        to.add(shared<kept_report>{new kept_report{outline_of(report_to_keep(i)), frames}});
        to.told(heard);
    }
}

std::vector<std::uint64_t> numbers_of(kept_reports& kept)
{
    std::vector<std::uint64_t> numbers;
    for (auto const& each : kept.taken()) numbers.push_back(each->whole().number);
    return numbers;
}

}  // namespace

TEST_CASE("a report that is kept is the same when it is asked for", "[portable]")
{
    frame_store frames;
    block_report const before = report_to_keep(7);
    kept_report const kept{outline_of(before), frames};
    block_report const after = kept.whole();
    CHECK(to_string(after) == to_string(before));
    CHECK(after.number == 7);
    CHECK(after.stack == before.stack);
    CHECK(after.awaited_by == before.awaited_by);
    CHECK(after.handler == before.handler);
    CHECK(after.handlers_run == before.handlers_run);
    REQUIRE(after.samples.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(after.samples[i].after == before.samples[i].after);
        CHECK(after.samples[i].stack == before.samples[i].stack);
    }
    REQUIRE(after.held_by);
    CHECK(after.held_by->thread_name == "db-pool");
    CHECK(after.held_by->stack == before.held_by->stack);
}

TEST_CASE("reports of one place keep the names of one", "[portable]")
{
    frame_store frames;
    kept_reports kept{retention::of_who_raises()};
    add_reports(kept, frames, 1, 1);
    std::size_t const one = frames.size();
    CHECK(one == 30 + 1 + 1);  // the other stacks differ in their innermost frames
    add_reports(kept, frames, 2, 1000);
    CHECK(frames.size() == one);
    auto const other = shared<kept_report>{new kept_report{outline_of(report_to_keep(1001, "app::store()")), frames}};
    CHECK(frames.size() == one + 1);
    CHECK(kept.taken().size() == 1000);
}

TEST_CASE("who raises keeps the first thousand, and the rest was never heard of", "[portable]")
{
    frame_store frames;
    kept_reports kept{retention::of_who_raises()};
    add_reports(kept, frames, 1, 1000);
    CHECK(kept.not_kept() == 0);
    CHECK(kept.unheard() == 0);
    add_reports(kept, frames, 1001, 1600);
    CHECK(kept.made() == 1600);
    CHECK(kept.not_kept() == 600);
    CHECK(kept.unheard() == 600);
    auto const numbers = numbers_of(kept);
    REQUIRE(numbers.size() == 1000);
    CHECK(numbers.front() == 1);
    CHECK(numbers.back() == 1000);
}

TEST_CASE("who logs keeps the last hundred, and has heard of all", "[portable]")
{
    frame_store frames;
    kept_reports kept{retention::of_who_logs()};
    add_reports(kept, frames, 1, 1600, true);
    CHECK(kept.not_kept() == 1500);
    CHECK(kept.unheard() == 0);
    auto const numbers = numbers_of(kept);
    REQUIRE(numbers.size() == 100);
    CHECK(numbers.front() == 1501);
    CHECK(numbers.back() == 1600);
}

TEST_CASE("a report of which no sink has heard is unheard when it is forgotten, and not before", "[portable]")
{
    frame_store frames;
    kept_reports kept{retention::of_who_logs()};
    add_reports(kept, frames, 1, 100);
    CHECK(kept.unheard() == 0);
    add_reports(kept, frames, 101, 110, true);
    CHECK(kept.unheard() == 10);
    add_reports(kept, frames, 111, 300, true);
    CHECK(kept.unheard() == 100);
}

TEST_CASE("who has asked for the reports has heard of them", "[portable]")
{
    frame_store frames;
    kept_reports kept{retention::of_who_logs()};
    add_reports(kept, frames, 1, 60);
    CHECK(kept.taken().size() == 60);
    add_reports(kept, frames, 61, 200);
    CHECK(kept.unheard() == 40);  // 61 to 100

    SECTION("also where a sink has asked, and then throws")
    {
        CHECK(kept.taken().size() == 100);
        kept.add(shared<kept_report>{new kept_report{outline_of(report_to_keep(201)), frames}});
        CHECK(kept.taken().size() == 100);
        kept.told(false);
        add_reports(kept, frames, 202, 301, true);
        CHECK(kept.unheard() == 40);
    }
}

TEST_CASE("a report that there is no memory to keep is heard of by its sink alone", "[portable]")
{
    frame_store frames;
    kept_reports kept{retention::of_who_raises()};
    add_reports(kept, frames, 1, 2);
    CHECK_FALSE(kept.add({}));
    kept.told(true);
    CHECK(kept.unheard() == 0);
    CHECK_FALSE(kept.add({}));
    kept.told(false);
    CHECK(kept.unheard() == 1);
    CHECK(kept.not_kept() == 2);
    CHECK(kept.taken().size() == 2);
}
