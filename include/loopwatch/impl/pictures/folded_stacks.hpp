// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../recording.hpp"
#include "../base/clock.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../base/printable.hpp"
#include "loop_names.hpp"
#include "numbered_texts.hpp"
#include "weighted_stacks.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Appends a frame's name. A semicolon would end it, and nothing escapes one.
inline void append_folded(std::string& to, std::string_view name)
{
    for (char const c : name) to += c == ';' ? ',' : c;
}

/// Pure. "loop;main;f;g 1500", in microseconds; equal stacks are one line, in the order in which they were first seen.
inline std::string folded_stacks_text(recording const& what)
{
    numbered_texts stacks;
    many<nanoseconds> times;
    for (block_report const& block : what.blocks) {
        if (!block.excuse.empty()) continue;
        for (weighted_stack const& each : weighted_stacks(block)) {
            std::string line;
            append_folded(line, printable(name_of_loop(block.loop)));
            for (pictured_frame const& f : each.frames) append_folded(line += ';', f.name);
            std::size_t const number = stacks(line);
            times.resize(stacks.size());
            times[number] += each.time;
        }
    }
    std::string text;
    for (std::size_t i = 0; i < stacks.size(); ++i) {
        auto const us = std::chrono::duration_cast<std::chrono::microseconds>(times[i]).count();
        if (us > 0) text += formatted("{} {}\n", {stacks[i], us});
    }
    return text;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
