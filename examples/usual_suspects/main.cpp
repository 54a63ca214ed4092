// SPDX-License-Identifier: BSL-1.0

// The usual suspects: what blocks event loops in real services, run for real, each under a guard, and what loopwatch
// says of it. With --check it exits with 1 if a report differs from what it should say.

#include "suspect.hpp"

#include <fmt/format.h>
#include <loopwatch/format.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

using loopwatch::block_report;

struct outcome {
    std::vector<block_report> blamed;
    std::vector<block_report> excused;
};

/// The suspect on a loop of its own, which this thread runs.
static outcome watch(suspect const& who)
{
    outcome seen;
    asio::io_context loop;
    deed const act = who.prepare();
    std::exception_ptr failure;
    asio::co_spawn(loop, act(), [&](std::exception_ptr error) { failure = error; });

    loopwatch::no_loop_blocking guard{
        loop,
        {.threshold = threshold, .action = loopwatch::on_block::log, .loop_name = who.name},
        [&](block_report const& block) {
            if (block.ended) (block.excuse.empty() ? seen.blamed : seen.excused).push_back(block);
        }};
    loop.run();
    guard.finish();
    if (failure) std::rethrow_exception(failure);
    return seen;
}

static bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// What the report does not say as it should, a line each.
static std::string differences(verdict const& expected, block_report const& block)
{
    std::string lines;
    auto const say = [&](std::string_view what, std::string_view should, std::string_view is) {
        lines += fmt::format("    {} should be \"{}\", but is \"{}\"\n", what, should, is);
    };
    auto const* const culprit = block.culprit();
    std::string_view const function = culprit == nullptr ? "" : std::string_view{culprit->function};
    if (block.cause != expected.cause) say("the cause", to_string(expected.cause), to_string(block.cause));
    if (!has(block.evidence, expected.evidence)) say("the evidence", expected.evidence, block.evidence);
    if (!has(function, expected.culprit)) say("the culprit", expected.culprit, function);
    if (!has(block.fix, expected.fix)) say("the fix", expected.fix, block.fix);
    std::string_view const holder = block.held_by ? std::string_view{block.held_by->thread_name} : "";
    if (!expected.held_by.empty() && holder != expected.held_by) say("the holder", expected.held_by, holder);
    return lines;
}

static std::string differences(suspect const& who, outcome const& seen)
{
    if (!who.guilty) return seen.blamed.empty() ? "" : "    nobody should be blamed\n";
    auto const longest = std::ranges::max_element(seen.blamed, {}, &block_report::duration);
    if (longest == seen.blamed.end()) return "    it should be blamed\n";
    return differences(*who.guilty, *longest);
}

static void show(suspect const& who, outcome const& seen)
{
    fmt::print("== {}: {}\n", who.name, who.about);
    for (block_report const& block : seen.blamed) fmt::print("{}", block);
    for (block_report const& block : seen.excused) fmt::print("excused\n{}", block);
    if (seen.blamed.empty()) fmt::print("no block{}\n", who.guilty ? "" : ", as it should be");
    fmt::print("\n");
}

static std::vector<suspect> all_suspects()
{
    std::vector<suspect> all;
    for (auto const& some : {computing_and_disk(), network(), databases(), waiting(), innocents()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

static int usage(char const* program)
{
    fmt::print(stderr, "usage: {} [--check] [suspect...]\nsuspects:", program);
    for (suspect const& each : all_suspects()) fmt::print(stderr, " {}", each.name);
    fmt::print(stderr, "\n");
    return 2;
}

int main(int argc, char** argv)
{
    bool check = false;
    std::vector<suspect> chosen;
    for (std::string_view const argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
        auto const all = all_suspects();
        auto const named = std::ranges::find(all, argument, &suspect::name);
        if (argument == "--check")
            check = true;
        else if (named != all.end())
            chosen.push_back(*named);
        else
            return usage(argv[0]);
    }
    if (chosen.empty()) chosen = all_suspects();

    std::string complaints;
    for (suspect const& each : chosen) {
        try {
            auto const seen = watch(each);
            show(each, seen);
            if (auto const lines = differences(each, seen); !lines.empty())
                complaints += fmt::format("{}\n{}", each.name, lines);
        } catch (std::exception const& error) {
            complaints += fmt::format("{}\n    could not be run: {}\n", each.name, error.what());
        }
        std::fflush(stdout);
    }
    if (check && complaints.empty()) fmt::print("all {} are as they should be\n", chosen.size());
    if (!complaints.empty()) fmt::print(stderr, "what differs from what it should be\n{}", complaints);
    return check && !complaints.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
}
