// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"
#include "../../../handler_info.hpp"
#include "../../base/duration_text.hpp"
#include "../../base/formatted.hpp"
#include "../../base/printable.hpp"
#include "../../symbolize/code_origin.hpp"
#include "line_breaks.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What an operation was started on: "tcp 127.0.0.1:9000", "timer", "socket (fd 9)"; "" of what is run at once.
inline std::string object_text(handler_info const& h)
{
    if (!h.peer.empty()) return h.peer;
    std::string text = h.object_type == "deadline_timer" ? "timer" : printable(h.object_type);  // Asio's name of all
    if (h.native_handle >= 0 && !text.empty()) text += formatted(" (fd {})", {h.native_handle});
    return text;
}

/// "async_receive on tcp 127.0.0.1:9000 -> session::on_read, started 1.20 s before at server.cpp:31, 2.0 ms in the
/// queue", "post -> serve(int)::{lambda}, 3.1 ms in the queue"; "": nothing is known. `whole`: with all template
/// arguments of a long name.
inline std::string handler_text(handler_info const& h, bool whole)
{
    std::string text = h.operation;
    if (std::string const on = object_text(h); !on.empty()) text += (text.empty() ? "on " : " on ") + on;
    if (!h.completion_handler.empty())
        text += (text.empty() ? "" : " -> ") + (whole ? h.completion_handler : shortened(h.completion_handler, 80));
    if (text.empty()) return text;
    std::chrono::nanoseconds const none{0};
    bool const tells_start = h.started >= none && h.started != h.queued;
    if (tells_start) text += formatted(", started {} before", {duration_text(h.started)});
    if (!h.file.empty()) {
        text += tells_start ? " at " : ", started at ";
        text += base_name(h.file);
        if (h.line > 0) text += formatted(":{}", {h.line});
    }
    if (h.queued >= none) text += formatted(", {} in the queue", {duration_text(h.queued)});
    return text;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
