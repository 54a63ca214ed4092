// SPDX-License-Identifier: BSL-1.0
//
// What a guard adds to a process: threads, memory, descriptors, stack, and the size of the program. One program was
// built in several ways, one of them without loopwatch; each round runs all of them in turn, and what is shown is the
// difference to the one without, in the median of the rounds.
//
//     footprint <folder of the programs> <blocks> <rounds>
//
// Exits with 0 if every goal was reached.
#include "../goals.hpp"
#include "../program_output.hpp"
#include "../statistics.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

/// One way to have a guard in a program.
struct way {
    char const* program;
    char const* settings;  // LOOPWATCH_OPTIONS
    char const* what;
    bool is_off{false};
    std::map<std::string, std::vector<double>> seen{};  // by the moment and what was measured
};

void run(way& how, std::string const& folder, int blocks)
{
    std::string command = "LOOPWATCH_OPTIONS=";
    command.append(how.settings).append(" '").append(folder).append("/").append(how.program).append("' ");
    std::istringstream lines{output_of(command + std::to_string(blocks) + " 2>/dev/null")};
    std::string when;
    std::string what;
    for (double value = 0; lines >> when >> what >> value;) how.seen[when.append(" ").append(what)].push_back(value);
}

double value(way const& how, std::string const& key)
{
    auto const found = how.seen.find(key);
    return found == how.seen.end() ? 0 : median(found->second);
}

/// The median of the differences of the rounds.
double added(way const& how, way const& without, std::string const& key)
{
    auto const with = how.seen.find(key);
    auto const plain = without.seen.find(key);
    if (with == how.seen.end() || plain == without.seen.end()) throw std::runtime_error{"nothing was told of " + key};
    std::vector<double> differences;
    for (std::size_t i = 0; i < with->second.size(); ++i) differences.push_back(with->second[i] - plain->second.at(i));
    return median(differences);
}

constexpr std::array moments{std::pair{"idle", "nothing seen"}, std::pair{"first", "one block"},
                             std::pair{"later", "all of them"}};

void print_all(std::vector<way> const& ways, way const& without, int blocks, int rounds)
{
    std::printf("The program without a guard: %.0f thread, %.1f MB resident, %.2f MB in no file, %.0f KB of its file\n",
                value(without, "idle threads"), value(without, "idle resident"), value(without, "idle anonymous"),
                value(without, "file loaded"));
    std::printf("What a guard that logs adds to it, which is blocked %d times: medians of %d rounds\n", blocks, rounds);
    for (way const& each : ways) {
        auto const more = [&](std::string const& key) { return added(each, without, key); };
        std::printf("  %s\n", each.what);
        std::printf("    %+.0f threads, %+.0f descriptors (later %+.0f), %+.0f KB of its file, %+.0f libraries\n",
                    more("idle threads"), more("idle files"), more("later files"), more("file loaded"),
                    more("file modules"));
        for (auto const& [when, said] : moments) {
            std::string const at = when;
            std::printf("    %-13s %+6.2f MB resident, %+6.2f MB in no file, %+7.1f MB of addresses\n", said,
                        more(at + " resident"), more(at + " anonymous"), more(at + " addresses"));
        }
        std::printf("    stack for a guard's beginning %.0f bytes, for its end %.0f, for a capture %.0f\n",
                    value(each, "stack begin"), value(each, "stack end"), value(each, "stack capture"));
        std::printf("    %.0f blocks reported, %.0f dropped\n\n", value(each, "guard blocks"),
                    value(each, "guard dropped"));
    }
}

void check_goals(std::vector<way> const& ways, way const& without)
{
    for (way const& each : ways) {
        auto const more = [&](std::string const& key) { return added(each, without, key); };
        std::string const name = each.what;
        if (each.is_off) {
            print_goal(name + ": no thread, no descriptor", more("later threads") == 0 && more("later files") == 0);
            continue;
        }
        print_goal(name + ": two threads", more("later threads") == 2);
        print_goal(name + ": in the end at most 4 MB more than after the first block",
                   more("later anonymous") - more("first anonymous") <= 4);
        print_goal(name + ": nobody missed a block", value(each, "guard dropped") == 0);
    }
    std::printf("\n");
}

void print_for_the_docs(std::vector<way> const& ways, way const& without, int blocks)
{
    way const& usual = ways.front();
    auto const more = [&](char const* key) { return added(usual, without, key); };
    constexpr double kb = 1024;
    std::printf("For docs/cost.md:\n\n| a guard adds | |\n|---|---|\n");
    std::printf("| threads | %.0f |\n", more("later threads"));
    std::printf("| memory, each further guard | %.0f KB |\n", value(usual, "guard another"));
    std::printf("| descriptors, where one thread runs the loop | %.0f, and %.0f once it was blocked |\n",
                more("idle files"), more("later files"));
    std::printf("| addresses, for two stacks and the allocator's arenas for two threads | %.0f MB |\n",
                more("later addresses"));
    std::printf("| stack of the thread that makes it and ends it | %.1f KB, %.1f KB |\n",
                value(usual, "stack begin") / kb, value(usual, "stack end") / kb);
    auto const captures = usual.seen.find("stack capture");  // where the machine is late, none comes in time
    std::printf("| stack of the loop's thread, while a signal captures it | %.1f KB |\n\n",
                captures == usual.seen.end() ? 0 : quantile(captures->second, 1) / kb);

    std::printf(
        "| MB of memory, resident (of them in no file) | nothing seen | after the first block | after %d | "
        "in the program's file |\n|---|---|---|---|---|\n",
        blocks + 1);
    for (way const& each : ways) {
        std::printf("| %s |", each.what);
        for (auto const& [when, said] : moments) {
            std::string const at = when;
            std::printf(" %.1f (%.1f) |", added(each, without, at + " resident"),
                        added(each, without, at + " anonymous"));
        }
        std::printf(" %.2f |\n", added(each, without, "file loaded") / kb);
    }
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc < 4) {
        std::fprintf(stderr, "usage: footprint <folder> <blocks> <rounds>\n");
        return 2;
    }
    std::string const folder = argv[1];
    int const blocks = std::max(1, std::atoi(argv[2]));
    int const rounds = std::max(1, std::atoi(argv[3]));

    way without{"service_without", "", "without loopwatch"};
    std::vector<way> ways{
        {"service_with", "", "a guard"},
        {"service_with_g1", "", "the program compiled with `-g1`"},
        {"service_with_stripped", "", "the program stripped"},
        {"service_with_libbacktrace", "", "`LOOPWATCH_SYMBOLIZER=LIBBACKTRACE`"},
        {"service_with_no_capture", "", "`LOOPWATCH_NO_CAPTURE`"},
        {"service_with_headers_alone", "", "`loopwatch::header_only`"},
        {"service_with", "loopwatch=off", "`LOOPWATCH_OPTIONS=loopwatch=off`", true},
    };
    std::erase_if(ways, [&](way const& each) { return !std::filesystem::exists(folder + "/" + each.program); });
    try {
        for (int i = 0; i < rounds; ++i) {
            run(without, folder, blocks);
            for (way& each : ways) run(each, folder, blocks);
        }
        print_all(ways, without, blocks, rounds);
        check_goals(ways, without);
        print_for_the_docs(ways, without, blocks);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "footprint: %s\n", error.what());
        return 2;
    }
    return all_reached ? EXIT_SUCCESS : EXIT_FAILURE;
}
