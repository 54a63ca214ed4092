// SPDX-License-Identifier: BSL-1.0

// A monitor takes no more memory after thousands of blocks than after some hundreds, and however many code paths there
// are no more than its limits say; the numbers stay right.
#include "programs/expect.hpp"
#include "support/live_memory.hpp"

#include <loopwatch/impl/monitor/monitor_core.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

/// A stack of thirty frames whose innermost function is one of so many.
frame_list stack_of(std::uint64_t path)
{
    std::vector<frame> frames;
    for (std::uintptr_t i = 0; i < 30; ++i) {
        frame& f = frames.emplace_back();
        f.address = 1000 * i;
        f.function =
            "app::a_function_with_a_long_name_" + std::to_string(i) + "(std::string_view, app::request const&)";
        f.file = "/home/me/app/sources/of/the/service/handlers.cpp";
        f.line = static_cast<unsigned>(10 * i);
        f.module = "/usr/local/bin/service";
        f.origin = code_origin::user;
    }
    frames.front().function = "app::culprit_" + std::to_string(path) + "(std::string_view, app::request const&)";
    frames.front().address += path;
    frames.back().outside = true;
    return frames;
}

report_outline block_at(std::uint64_t path, std::uint64_t number)
{
    report_outline block;
    block.head.loop = "api";
    block.head.duration = 10ms + std::chrono::nanoseconds{number};
    block.head.threshold = 5ms;
    block.head.cause = cause::cpu;
    block.head.evidence = "on CPU for 99% of " + std::to_string(number) + " ms, as far as that is known";
    block.stack = stack_of(path);
    block.samples.push_back({5ms, "on CPU", block.stack, stack_quality::exact});
    return block;
}

}  // namespace

int main()
{
    constexpr std::uint64_t most_paths = 200;
    monitor_limits limits;
    limits.code_paths = most_paths;
    options const how{.threshold = 5ms};
    shared<monitor_core> const core{new monitor_core{how, {}, limits}};
    shared<loop_record> const record{new loop_record{"api"}};
    monitored_reports reports{*core, record};
    std::uint64_t blocks = 0;
    nanoseconds total{};
    auto const receive = [&](std::uint64_t count, std::uint64_t paths) {
        for (std::uint64_t i = 0; i < count; ++i) {
            report_outline block = block_at(blocks % paths, blocks);
            ++blocks;
            total += block.head.duration;
            core->receive(reports, block, time_point{std::chrono::seconds{blocks}}, true);
        }
        return live.load();
    };

    long const few = receive(1'000, 20);
    long const later = receive(5'000, 20);
    long const full = receive(2'000, 1'000);  // more code paths than are told apart
    long const kept_on = receive(10'000, 5'000);
    std::fprintf(stderr,
                 "%ld bytes after 1000 blocks at 20 places, %ld after 6000; %ld with all code paths, %ld later\n", few,
                 later, full, kept_on);
    constexpr long some = 20'000;  // numbers have more digits, and so have texts
    expect(later < few + some, "blocks at known places take no more memory");
    expect(kept_on < full + some, "nor do blocks at new places, once there are as many as are told apart");
    expect(full - later < static_cast<long>(most_paths) * 2'000 + 400'000, "a code path takes little");

    std::uint64_t counted = 0;
    nanoseconds counted_total{};
    auto const top = core->top(100'000);
    for (ranked_path const& each : top) {
        counted += each.count;
        counted_total += each.total;
    }
    expect(top.size() == most_paths + 1, "those that come later are one");
    expect(counted == blocks, "all blocks are counted");
    expect(counted_total == total, "with their time");
    expect(core->recent().size() == limits.recent, "the last ones are kept");
    auto const newest = core->recent().back();
    expect(newest.number == blocks && newest.stack.size() == 30, "whole");
}
