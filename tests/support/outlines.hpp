// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>
#include <vector>

#include <loopwatch/impl/report/report_outline.hpp>

/// The outline of a report as a test wants it. What to do about it is not in an outline, but made of it.
inline loopwatch::detail::report_outline outline_of(loopwatch::block_report report)
{
    loopwatch::detail::report_outline outline;
    outline.stack = std::exchange(report.stack, {});
    for (loopwatch::block_sample& each : report.samples)
        outline.samples.push_back({each.after, each.doing, std::move(each.stack), each.stack_quality});
    report.samples.clear();
    if (report.held_by) {
        auto& other = *(outline.held_by = loopwatch::detail::report_outline::holder{});
        other.thread = report.held_by->thread_id;
        other.name = report.held_by->thread_name;
        other.stack = std::move(report.held_by->stack);
        other.stack_quality = report.held_by->stack_quality;
        other.stack_missing = report.held_by->stack_missing;
        report.held_by.reset();
    }
    outline.head = std::move(report);
    return outline;
}
