// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"

#include <cstdint>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What was told of a code path so far.
struct told_of_path {
    bool in_full{false};
    nanoseconds longest_in_full{};  // of the blocks that were told in full
    nanoseconds interval{};         // the least from what was told last to the next line; 0: it is due
    time_point last_at{};           // when something was told
    time_point seen_at{};           // the last block
};

/// All blocks of one code path.
struct code_path {
    explicit code_path(cause of) : why{of} {}

    std::string culprit;
    std::string file;
    unsigned line{0};
    cause why;
    bool excused{false};
    std::string loop;
    std::string evidence;  // of the longest
    std::uint64_t count{0};
    nanoseconds total{};
    nanoseconds longest{};
    told_of_path told;

    /// A block that is over, with its culprit. Throws: std::bad_alloc.
    void add(block_report const& report, frame const* which)
    {
        ++count;
        total += report.duration;
        if (which != nullptr) {
            line = which->line;
            if (file != which->file) file = which->file;
        }
        if (loop != report.loop) loop = report.loop;
        if (report.duration <= longest) return;
        longest = report.duration;
        evidence = report.evidence;
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
