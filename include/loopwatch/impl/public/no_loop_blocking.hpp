// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/watch_handle.hpp"
#include "../../no_loop_blocking.hpp"
#include "../../options.hpp"
#include "../../sinks.hpp"
#include "../report/report_text.hpp"
#include "../report/text/layout.hpp"
#include "../watch/runtime.hpp"
#include "../watch/watch.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
LOOPWATCH_DECL loop_blocked_error::loop_blocked_error(std::vector<block_report> blocks, std::uint64_t not_kept,
                                                      bool all_frames)
    : std::runtime_error{detail::text_of(blocks, not_kept, detail::wide_layout(all_frames))},
      blocks_{new std::vector<block_report> const(std::move(blocks))},
      not_kept_{not_kept},
      all_frames_{all_frames}
{
}

namespace detail {

LOOPWATCH_DECL std::string failure_text(loop_blocked_error const& error)
{
    return text_of(error.blocks(), error.not_kept_, test_layout(error.all_frames_));
}

}  // namespace detail

LOOPWATCH_DECL no_loop_blocking::~no_loop_blocking() noexcept(false)
{
    if (finished_ || !watch_.alive()) return;
    finished_ = true;
    watch_.end();
    if (watch_.what().how.action != on_block::raise) return;
    if (std::uncaught_exceptions() == entered_with_ && !detail::runtime::is_shutting_down_here()) {
        raise();
        return;
    }
    if (!watch_.what().how.excused_sink) return;  // there is a sink, which has received them
    for (block_report const& b : blocks()) write_to_stderr(b, watch_.what().how.all_frames);
}

LOOPWATCH_DECL void no_loop_blocking::finish()
{
    if (finished_ || !watch_.alive()) return;
    finished_ = true;
    watch_.end();
    if (watch_.what().how.action == on_block::raise) raise();
}

LOOPWATCH_DECL std::vector<block_report> const& loop_blocked_error::blocks() const noexcept { return *blocks_; }

LOOPWATCH_DECL std::vector<block_report> no_loop_blocking::blocks() const { return watch_.blocks(); }
LOOPWATCH_DECL std::vector<block_report> no_loop_blocking::excused() const { return watch_.excused(); }
LOOPWATCH_DECL std::uint64_t no_loop_blocking::dropped() const { return watch_.dropped(); }

LOOPWATCH_DECL void no_loop_blocking::raise()
{
    auto seen = blocks();
    if (!seen.empty()) throw loop_blocked_error{std::move(seen), watch_.not_kept(), watch_.what().how.all_frames};
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
