// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../read_black_box.hpp"
#include "../allowance/block_allowances.hpp"
#include "../analysis/named_block.hpp"
#include "../analysis/naming.hpp"
#include "../base/clock.hpp"
#include "../base/wall_clock.hpp"
#include "../report/compose.hpp"
#include "../report/watched.hpp"
#include "../symbolize/handler_name.hpp"
#include "../symbolize/offline_symbolizer.hpp"
#include "box_contents.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// What was read of a black box as reports: blocks under way are judged as the process itself would have.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The block as a raw block of a watch that has just been looked at.
inline raw_block raw_of(read_block const& read)
{
    raw_block raw = read.what.raw;
    time_point const seen_at = std::max(read.state.seen_at, read.what.written_at);
    raw.waited = std::clamp(seen_at - raw.sent_at, nanoseconds{0}, byte_reader::longest);
    raw.length.at_least =
        std::clamp(read.state.length, std::clamp(raw.threshold, nanoseconds{0}, raw.waited), raw.waited);
    raw.length.at_most = std::max(raw.length.at_least, raw.length.at_least + read.what.margin);
    raw.reported_at = seen_at;
    raw.reported_at_wall = wall_time(read.what.written_at_wall + (seen_at - read.what.written_at));
    return raw;
}

/// The report of a block under way; of what turns out to be none its cause is unknown.
inline block_report report_of(read_block const& read, offline_symbolizer& names)
{
    raw_block const raw = raw_of(read);
    watch_settings how;
    how.threshold = raw.threshold;
    how.on_strand = read.what.on_strand;
    how.name = read.what.loop;
    how.raise_on = blamed_by_default;
    block_allowances none;  // who was allowed to block is not recorded
    none.of_threads.resize(raw.looked_at());
    named_block block = named(raw, names);
    if (block.handler.known) block.handler_type = handler_name_of(read.what.handler_type);
    block_report report = composed(how, std::move(block), none, false).report;
    if (report.thread_id == 0) {
        report.loop = how.name;
        report.thread_id = raw.first[0].stack.thread;
        report.thread_name = raw.lives[0].name;
        report.began_at = wall_time(read.what.written_at_wall - (read.what.written_at - raw.sent_at));
        report.duration = raw.length.at_least;
        report.duration_max = raw.length.at_most;
        report.threshold = raw.threshold;
        report.stack_missing = "none of the loop's threads was in a handler";
    }
    report.ended = read.state.now == box_block_state::phase::over;
    if (!read.what.first_taken && report.stack.empty())
        report.stack_missing = "the thread had not answered the capture signal yet";
    return report;
}

/// What the process itself told of the block while it lasted, with what is known of its end.
inline block_report reported_before(block_report before, block_report const& now)
{
    before.duration = std::max(before.duration, now.duration);
    before.duration_max = std::max(before.duration_max, now.duration_max);
    before.ended = now.ended;
    return before;
}

/// All but whether the process runs.
inline black_box_contents told_by(box_contents read)
{
    black_box_contents told;
    told.process_id = read.process.id;
    told.program = std::move(read.process.program);
    told.host = std::move(read.process.host);
    told.library_version = std::move(read.process.library_version);
    told.opened_at = wall_time(read.process.opened_at_wall);
    told.closed = read.closed;
    told.lost = read.lost;
    if (read.damaged) told.notes.emplace_back("the header is damaged: this is what could be found");
    if (read.modules.empty() && !read.blocks.empty())
        told.notes.emplace_back("it is not recorded where code lay: addresses have no names");

    // Newest first. Of a block that lasted the last report only; if it lasts still, that may know what the files no
    // longer tell.
    std::uint64_t last_number = 0;
    many<std::uint64_t> heard_of;  // watches
    std::vector<block_report> in_progress;
    many<std::uint64_t> whose;  // these are
    auto const lasts = [&](std::uint64_t watch) {
        return any_of(read.blocks, [&](read_block const& b) { return b.what.whose == watch; });
    };
    for (std::size_t i = read.reports.size(); i-- > 0;) {
        read_report& each = read.reports[i];
        last_number = std::max(last_number, each.what.number);
        bool const is_newest = !any_of(heard_of, [&](std::uint64_t watch) { return watch == each.whose; });
        if (is_newest) heard_of.push_back(each.whose);
        if (!each.what.ended && !is_newest) continue;
        if (!each.what.ended && lasts(each.whose)) {
            whose.push_back(each.whose);
            in_progress.push_back(std::move(each.what));
        } else {
            told.reports.push_back(std::move(each.what));
        }
    }

    offline_symbolizer names{std::move(read.modules)};
    for (read_block const& each : read.blocks) {
        block_report report = report_of(each, names);
        std::size_t known = 0;
        while (known < whose.size() && whose[known] != each.what.whose) ++known;
        bool const has_number = known < whose.size();
        report.number = has_number ? in_progress[known].number : ++last_number;
        if (has_number && report.culprit() == nullptr && in_progress[known].culprit() != nullptr)
            report = reported_before(std::move(in_progress[known]), report);
        told.under_way.push_back(std::move(report));
    }
    for (std::string const& note : names.notes()) told.notes.push_back(note);
    return told;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
