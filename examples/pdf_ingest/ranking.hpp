// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/block_report.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// A function that blocked the loop, with all that it cost.
struct code_path {
    std::string culprit;
    std::string file;
    unsigned line{};  // where it was seen last
    std::string cause;
    std::string evidence;  // what was seen last
    std::vector<std::string> awaited_by;
    std::uint64_t blocks{};              // in how many it was seen
    std::chrono::nanoseconds total{};    // its part of all of them
    std::chrono::nanoseconds longest{};  // the largest part that it had in one
};

/// Adds up reports by culprit. A block that was sampled in several functions is divided among them, by the time that
/// each sample stands for; else the one that takes less would never be seen behind the one that takes more.
///
/// Thread safety: one thread at a time.
class path_ranking {
public:
    /// `report`: of a block that has ended.
    void add(loopwatch::block_report const& report);

    /// Those that cost most come first.
    [[nodiscard]] std::vector<code_path> by_total() const;
    [[nodiscard]] std::uint64_t blocks() const { return blocks_; }
    [[nodiscard]] std::chrono::nanoseconds blocked() const { return blocked_; }

private:
    std::map<std::pair<std::string, std::string>, code_path> paths_;  // by function and file
    std::uint64_t blocks_{0};
    std::chrono::nanoseconds blocked_{0};
};
