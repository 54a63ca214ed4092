// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../health.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../base/printable.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Pure. Throws: std::bad_alloc.
inline std::string health_text(health_report const& report)
{
    std::string text = report.ok ? "ok\n" : "not ok\n";
    for (loop_health const& each : report.loops) {
        text += formatted("{}: {}", {printable(each.loop), to_string(each.state)});
        if (each.state == loop_state::blocked) text += formatted(" for {}", {duration_text(each.heartbeat_age)});
        if (each.state == loop_state::blocked || each.state == loop_state::answering)
            text += formatted(", longest delay of the last second {}", {duration_text(each.delay)});
        text += each.ok ? "\n" : ", not ok\n";
    }
    return text;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
