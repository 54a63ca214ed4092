// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../handler_info.hpp"
#include "../analysis/handlers_run.hpp"
#include "../base/clock.hpp"
#include "../base/formatted.hpp"
#include "../base/json.hpp"
#include "../base/many.hpp"
#include "../base/version_text.hpp"
#include "../base/view.hpp"
#include "../base/wall_clock.hpp"
#include "notice_attributes.hpp"
#include "notice_text.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Writes OTLP's attributes: {"key": ..., "value": {"intValue": "1"}}. Numbers of 64 bits are texts, as in protobuf's
/// JSON.
class otlp_attributes {
public:
    explicit otlp_attributes(json_writer& to) : to_{&to} { to.key("attributes").begin_array(); }

    void put(std::string_view key, std::string_view text) const
    {
        begin(key).member("stringValue", text).end_object().end_object();
    }
    void put(std::string_view key, long long number) const
    {
        begin(key).member("intValue", formatted("{}", {number})).end_object().end_object();
    }
    void put(std::string_view key, double number) const
    {
        begin(key).member("doubleValue", number).end_object().end_object();
    }
    /// Texts.
    void put(std::string_view key, view<std::string const> all) const
    {
        json_writer& to = begin(key).key("arrayValue").begin_object().key("values").begin_array();
        for (std::string const& each : all) to.begin_object().member("stringValue", each).end_object();
        to.end_array().end_object().end_object().end_object();
    }
    void put(std::string_view key, bool is) const { begin(key).member("boolValue", is).end_object().end_object(); }

    void end() const { to_->end_array(); }

private:
    json_writer& begin(std::string_view key) const
    {
        return to_->begin_object().member("key", key).key("value").begin_object();
    }

    json_writer* to_;
};

struct otlp_attribute {
    std::string key;
    std::string text;
};

/// 16 hexadecimal digits for each word.
inline std::string hex_id(view<std::uint64_t const> words)
{
    std::string id;
    for (std::uint64_t const word : words) id += formatted("{:016x}", {word});
    return id;
}

inline std::string unix_text(wall_clock::time_point at) { return formatted("{}", {since_1970(at).count()}); }

inline void put_otlp_event(json_writer& json, wall_clock::time_point at, std::string_view doing, std::string_view stack)
{
    json.begin_object().member("timeUnixNano", unix_text(at)).member("name", "stack");
    otlp_attributes const attributes{json};
    if (!doing.empty()) attributes.put("loopwatch.doing", doing);
    if (!stack.empty()) attributes.put("code.stacktrace", stack);
    attributes.end();
    json.end_object();
}

inline void put_otlp_events(json_writer& json, block_report const& r)
{
    json.key("events").begin_array();
    auto const at = [&](nanoseconds after) { return r.began_at + in_wall_ticks(after); };
    put_changes(r.samples, [&](block_sample const& s, std::string const& stack) {
        put_otlp_event(json, at(s.after), s.doing, stack);
    });
    if (r.samples.empty() && !r.stack.empty()) put_otlp_event(json, at(r.threshold), "", stacktrace_of(r.stack));
    json.end_array();
}

/// A block that is over, as TracesData with one span: one line without its end. Pure. Throws: std::bad_alloc.
inline std::string otlp_of(block_notice const& notice, view<otlp_attribute const> resource, std::string_view trace_id,
                           std::string_view span_id)
{
    block_report const& r = notice.report;
    json_writer json;
    json.begin_object().key("resourceSpans").begin_array().begin_object();
    json.key("resource").begin_object();
    otlp_attributes const of_resource{json};
    for (otlp_attribute const& each : resource) of_resource.put(each.key, std::string_view{each.text});
    of_resource.end();
    json.end_object();

    json.key("scopeSpans").begin_array().begin_object();
    json.key("scope").begin_object().member("name", "loopwatch");
    json.member("version", version_text());
    json.end_object();

    json.key("spans").begin_array().begin_object();
    json.member("traceId", trace_id).member("spanId", span_id);
    frame const* const culprit = r.culprit();
    std::string const in = culprit != nullptr ? formatted(" in {}", {code_function_name(*culprit)}) : "";
    json.member("name", (r.excuse.empty() ? "loop blocked" : "loop delayed") + in);
    json.member("kind", 1);  // SPAN_KIND_INTERNAL
    json.member("startTimeUnixNano", unix_text(r.began_at));
    json.member("endTimeUnixNano", unix_text(r.began_at + in_wall_ticks(r.duration)));
    otlp_attributes const of_span{json};
    put_attributes(notice, [&](std::string_view name, auto value) { of_span.put(name, value); });
    many<std::string> run;
    for (handler_count const& each : r.handlers_run) run.push_back(handler_count_text(each));
    if (!run.empty()) of_span.put("loopwatch.handlers_run", view<std::string const>{run});
    of_span.end();
    put_otlp_events(json, r);
    if (r.excuse.empty()) {
        json.key("status").begin_object().member("message", why_text(r)).member("code", 2);  // STATUS_CODE_ERROR
        json.end_object();
    }
    json.end_object().end_array();
    json.end_object().end_array();
    json.end_object().end_array().end_object();
    return json.take();
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
