// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../detail/monitor_metrics.hpp"
#include "../../handler_info.hpp"
#include "../base/formatted.hpp"
#include "../base/view.hpp"
#include "../report/report_text.hpp"
#include "../report/text/line_breaks.hpp"
#include "../symbolize/code_origin.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The function's name as `code.function.name` has it: qualified, without its parameters. The inner template arguments
/// of a long one are left out: a composed operation's can take 10 KB, and a stack has dozens of these.
inline std::string code_function_name(frame const& f) { return shortened(qualified_name(f.function), 200); }

/// A line for each frame, most recent call first: "#0 upload(int) at app.cpp:60". Library functions without arguments.
inline std::string stacktrace_of(view<frame const> stack)
{
    std::string text;
    for (std::size_t i = 0; i < stack.size(); ++i) {
        frame const& f = stack[i];
        text += formatted("#{} {}", {i, shown_name(f, false)});
        if (!f.file.empty()) text += formatted(" at {}:{}", {f.file, f.line});
        text += '\n';
    }
    return text;
}

/// Calls put(sample, its stack as text) for each sample that differs from the one before: most often all are alike.
template <typename Put>
void put_changes(view<block_sample const> samples, Put const& put)
{
    std::string before;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        std::string stack = stacktrace_of(samples[i].stack);
        if (i == 0 || stack != before || samples[i].doing != samples[i - 1].doing) put(samples[i], stack);
        before = std::move(stack);
    }
}

/// Calls put(name, value) for each member of a frame that is known.
template <typename Put>
void put_code_attributes(frame const& f, Put const& put)
{
    if (!f.function.empty()) put("code.function.name", std::string_view{code_function_name(f)});
    if (!f.file.empty()) put("code.file.path", std::string_view{f.file});
    if (f.line != 0) put("code.line.number", static_cast<long long>(f.line));
}

/// Calls put(name, value) for all that is known of a handler.
template <typename Put>
void put_handler_attributes(handler_info const& h, Put const& put)
{
    auto const put_text = [&](std::string_view name, std::string_view text) {
        if (!text.empty()) put(name, text);
    };
    auto const put_time = [&](std::string_view name, std::chrono::nanoseconds d) {
        if (d >= std::chrono::nanoseconds{0}) put(name, seconds_of(d));
    };
    put_text("loopwatch.handler.operation", h.operation);
    put_text("loopwatch.handler.completion_handler", shortened(h.completion_handler, 200));
    put_text("loopwatch.handler.object_type", h.object_type);
    if (h.object != 0) put("loopwatch.handler.object", std::string_view{formatted("{:#x}", {h.object})});
    if (h.native_handle >= 0) put("loopwatch.handler.native_handle", static_cast<long long>(h.native_handle));
    put_text("loopwatch.handler.peer", h.peer);
    put_text("loopwatch.handler.file", h.file);
    if (h.line != 0) put("loopwatch.handler.line", static_cast<long long>(h.line));
    put_time("loopwatch.handler.started", h.started);
    put_time("loopwatch.handler.queued", h.queued);
}

/// Calls put(name, value) for all that is known of a notice but for stacks: texts, numbers and whether. Names are those
/// of OpenTelemetry's semantic conventions, and beyond these ours.
template <typename Put>
void put_attributes(block_notice const& notice, Put const& put)
{
    block_report const& r = notice.report;
    auto const put_text = [&](std::string_view name, std::string_view text) {
        if (!text.empty()) put(name, text);
    };
    put_text("loopwatch.loop", r.loop);
    put("loopwatch.cause", to_string(r.cause));
    put_text("loopwatch.evidence", r.evidence);
    put("loopwatch.duration", seconds_of(r.duration));
    put("loopwatch.duration_max", seconds_of(r.duration_max));
    put("loopwatch.own_duration", seconds_of(r.own_duration));
    put("loopwatch.threshold", seconds_of(r.threshold));
    put("loopwatch.ended", r.ended);
    put("loopwatch.number", static_cast<long long>(r.number));
    if (r.thread_id != 0) put("thread.id", static_cast<long long>(r.thread_id));
    put_text("thread.name", r.thread_name);
    if (frame const* const culprit = r.culprit()) put_code_attributes(*culprit, put);
    put_handler_attributes(r.handler, put);
    put_text("loopwatch.excuse", r.excuse);
    put_text("loopwatch.fix", r.fix);
    put("loopwatch.telling", to_string(notice.telling));
    put("loopwatch.severity", to_string(notice.severity));
    put("loopwatch.count", static_cast<long long>(notice.count));
    put("loopwatch.total", seconds_of(notice.total));
    put("loopwatch.longest", seconds_of(notice.longest));
    put("loopwatch.held_back", static_cast<long long>(notice.held_back));
    put("loopwatch.stack_quality", to_string(r.stack_quality));
    put_text("loopwatch.stack_missing", r.stack_missing);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
