// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/monitor_metrics.hpp"
#include "../../handler_info.hpp"
#include "../base/formatted.hpp"
#include "../base/json.hpp"
#include "../base/utc_text.hpp"
#include "../base/view.hpp"
#include "notice_attributes.hpp"
#include "notice_text.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// OpenTelemetry's SeverityNumber and SeverityText.
inline int severity_number(severity how_bad)
{
    return how_bad == severity::critical ? 21 : how_bad == severity::error ? 17 : 13;
}
inline std::string_view severity_text(severity how_bad)
{
    return how_bad == severity::critical ? "FATAL" : how_bad == severity::error ? "ERROR" : "WARN";
}

inline void put_frames(json_writer& json, std::string_view name, view<frame const> frames)
{
    if (frames.empty()) return;
    json.key(name).begin_array();
    for (frame const& f : frames) {
        json.begin_object();
        put_code_attributes(f, [&](std::string_view key, auto value) { json.member(key, value); });
        if (!f.module.empty()) {
            json.member("loopwatch.module", f.module);
            json.member("loopwatch.module_offset", formatted("{:#x}", {f.module_offset}));
        }
        if (f.inlined) json.member("loopwatch.inlined", true);
        if (f.coroutine) json.member("loopwatch.coroutine", true);
        json.end_object();
    }
    json.end_array();
}

inline void put_samples(json_writer& json, view<block_sample const> samples)
{
    std::size_t different = 0;
    put_changes(samples, [&](block_sample const&, std::string const&) { ++different; });
    if (different < 2) return;  // all are as the shown stack
    json.key("loopwatch.samples").begin_array();
    put_changes(samples, [&](block_sample const& s, std::string const& stack) {
        json.begin_object().member("loopwatch.after", seconds_of(s.after));
        if (!s.doing.empty()) json.member("loopwatch.doing", s.doing);
        if (!stack.empty()) json.member("code.stacktrace", stack);
        json.end_object();
    });
    json.end_array();
}

inline void put_handlers_run(json_writer& json, view<handler_count const> all)
{
    if (all.empty()) return;
    json.key("loopwatch.handlers_run").begin_array();
    for (handler_count const& each : all) {
        json.begin_object();
        if (!each.completion_handler.empty())
            json.member("loopwatch.handler.completion_handler", shortened(each.completion_handler, 200));
        json.member("loopwatch.count", static_cast<unsigned long long>(each.count)).end_object();
    }
    json.end_array();
}

inline void put_stacks(json_writer& json, block_report const& r)
{
    if (!r.stack.empty()) json.member("code.stacktrace", stacktrace_of(r.stack));
    put_frames(json, "loopwatch.stack", r.stack);
    put_frames(json, "loopwatch.awaited_by", r.awaited_by);
    put_samples(json, r.samples);
    if (!r.held_by) return;
    json.key("loopwatch.held_by").begin_object().member("thread.id", static_cast<long long>(r.held_by->thread_id));
    if (!r.held_by->thread_name.empty()) json.member("thread.name", r.held_by->thread_name);
    if (!r.held_by->stack.empty()) json.member("code.stacktrace", stacktrace_of(r.held_by->stack));
    put_frames(json, "loopwatch.stack", r.held_by->stack);
    json.end_object();
}

/// A notice as an object in one line, without a line end. Stacks are in it if all is to be told. Throws:
/// std::bad_alloc.
inline std::string json_of(block_notice const& notice)
{
    json_writer json;
    json.begin_object();
    json.member("timestamp", utc_text(notice.report.began_at));
    json.member("severity_text", severity_text(notice.severity));
    json.member("severity_number", severity_number(notice.severity));
    std::string body = line_of(notice);
    body.pop_back();  // its line end
    json.member("body", body);
    put_attributes(notice, [&](std::string_view name, auto value) { json.member(name, value); });
    put_handlers_run(json, notice.report.handlers_run);
    if (notice.telling == telling::full) put_stacks(json, notice.report);
    json.end_object();
    return json.take();
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
