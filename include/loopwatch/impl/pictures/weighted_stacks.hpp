// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../base/printable.hpp"
#include "../base/view.hpp"
#include "../report/report_text.hpp"
#include "../report/text/stack_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

// A block as profilers see it: stacks, each with a time.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A frame as profiles show it.
struct pictured_frame {
    std::string name;
    std::string_view file;  // "" if it is not known
    unsigned line{};        // 0 if it is not known

    pictured_frame(std::string called) : name{std::move(called)} {}
    pictured_frame(frame const& f) : name{printable(shown_name(f, false))}, file{f.file}, line{f.line} {}
};

/// A stack, outermost frame first, and the part of the block's time that counts for it.
struct weighted_stack {
    many<pictured_frame> frames;
    nanoseconds time{};
};

/// Outermost first, without the frames that only start the program. Where there is none, a frame in brackets says what
/// is known. Pure.
inline many<pictured_frame> pictured(view<frame const> stack, std::string_view otherwise)
{
    many<pictured_frame> frames;
    if (stack.empty()) frames.push_back(pictured_frame{formatted("[{}]", {printable(otherwise)})});
    std::size_t const start = starting_frames(stack);
    for (std::size_t i = start < stack.size() ? stack.size() - start : stack.size(); i-- > 0;)
        frames.push_back(pictured_frame{stack[i]});
    return frames;
}

/// Pure. As in the report's text, a sample counts for the time since the one before it; the last one also for what came
/// after it, so that together they are the block's duration.
inline many<weighted_stack> weighted_stacks(block_report const& block)
{
    many<weighted_stack> all;
    if (block.samples.size() < 2) {  // one is that of the deadline, whose stack the block has
        std::string const why = block.stack_missing.empty() ? "no stack" : "no stack: " + block.stack_missing;
        all.push_back({pictured(block.stack, why), block.duration});
        return all;
    }
    nanoseconds until{};
    for (std::size_t i = 0; i < block.samples.size(); ++i) {
        block_sample const& sample = block.samples[i];
        bool const is_last = i + 1 == block.samples.size();
        nanoseconds const end = is_last ? block.duration : std::clamp(sample.after, until, block.duration);
        all.push_back({pictured(sample.stack, sample.doing), end - until});
        until = end;
    }
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
