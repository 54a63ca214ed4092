// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/wall_clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A block's thread, and the widest span of time it may have had.
struct claim {
    std::int64_t thread_id;
    std::chrono::system_clock::time_point from, to;

    static claim of(block_report const& b)
    {
        return {b.thread_id, b.began_at - in_wall_ticks(b.duration_max - b.duration),
                b.began_at + in_wall_ticks(b.duration_max)};
    }
};

/// Pure. Whether a block is reported elsewhere: without the time claimed on its thread, less than the threshold is
/// left.
inline bool is_claimed(block_report const& b, std::span<claim const> by)
{
    auto const ended_at = b.began_at + in_wall_ticks(b.duration);
    std::chrono::nanoseconds left = b.duration;
    for (claim const& c : by) {
        if (c.thread_id != b.thread_id) continue;
        auto const common = std::min(c.to, ended_at) - std::max(c.from, b.began_at);
        if (common > common.zero()) left -= common;
    }
    return left < b.threshold;
}

/// Sorts and numbers the blocks of several loops by when they began.
inline void put_in_order(std::vector<block_report>& blocks)
{
    sort_few(blocks, [](block_report const& a, block_report const& b) { return a.began_at < b.began_at; });
    for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i].number = i + 1;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
