// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../no_loop_blocking.hpp"
#include "../../options.hpp"
#include "../../sinks.hpp"
#include "../ci/annotations.hpp"
#include "../config.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What was seen of all loops of a scope.
struct findings {
    std::vector<block_report> blocks{};  // in the order in which they began, numbered through
    std::vector<block_report> excused{};
    std::uint64_t dropped{0};
    std::size_t loops{0};  // that were watched
};

/// When a block was on, and on which thread: as wide as it may have been.
struct claim {
    std::int64_t thread_id;
    std::chrono::system_clock::time_point from, to;

    static claim of(block_report const& b)
    {
        using std::chrono::system_clock;
        auto const margin = std::chrono::duration_cast<system_clock::duration>(b.duration_max - b.duration);
        auto const length = std::chrono::duration_cast<system_clock::duration>(b.duration_max);
        return {b.thread_id, b.began_at - margin, b.began_at + length};
    }
};

/// Pure. Whether a block is answered for elsewhere: what others have claimed of it leaves less than the threshold.
inline bool is_claimed(block_report const& b, std::span<claim const> by)
{
    auto const ended_at = b.began_at + std::chrono::duration_cast<std::chrono::system_clock::duration>(b.duration);
    std::chrono::nanoseconds left = b.duration;
    for (claim const& c : by) {
        if (c.thread_id != b.thread_id) continue;
        auto const common = std::min(c.to, ended_at) - std::max(c.from, b.began_at);
        if (common > common.zero()) left -= common;
    }
    return left < b.threshold;
}

/// Puts the blocks of several loops in order.
inline void put_in_order(std::vector<block_report>& blocks)
{
    std::ranges::sort(blocks, {}, &block_report::began_at);
    for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i].number = i + 1;
}

/// Every block that fails a test, of whatever framework, goes through here, once. Returns the text of the failure;
/// empty, if there is nothing to fail for. Writes what is not to fail: excused waits, and with on_block::log all.
inline std::string failure_text(findings found, options const& how)
{
    for (block_report const& each : found.excused)
        if (!each.known) write_to_stderr(each, how.all_frames);
    if (how.action == on_block::log) {
        for (block_report const& each : found.blocks) write_to_stderr(each, how.all_frames);
        return {};
    }
    if (found.blocks.empty()) return {};
    for (block_report const& each : found.blocks) annotate(each);
    return loop_blocked_error{std::move(found.blocks), found.dropped, how.all_frames}.what();
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
