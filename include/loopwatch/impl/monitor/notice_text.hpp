// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/config.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../base/printable.hpp"
#include "../report/report_text.hpp"
#include "../report/text/layout.hpp"
#include "../report/text/line_breaks.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A notice in one line. Pure. Throws: std::bad_alloc.
inline std::string line_of(block_notice const& notice)
{
    block_report const& r = notice.report;
    std::string line = formatted("{}: block {}", {r.excuse.empty() ? "loop blocked" : "loop delayed", r.number});
    if (!r.loop.empty()) line += formatted(" on \"{}\"", {printable(r.loop)});
    line += formatted(" for {}", {length_text(r)});
    if (!r.ended) line += ", and still blocked";
    line += ": " + why_text(r);
    if (frame const* const culprit = r.culprit()) {
        line += " in " + shortened(name_of(*culprit), 200);
        if (auto const place = source_of(*culprit); !place.empty()) line += " at " + place;
    }
    if (!r.excuse.empty()) line += ", and not blamed: " + r.excuse;
    if (notice.count > 1)
        line += formatted("; {} times so far, {} in all, {} at most",
                          {notice.count, duration_text(notice.total), duration_text(notice.longest)});
    if (notice.held_back == 1) line += "; 1 other was only counted";
    if (notice.held_back > 1) line += formatted("; {} others were only counted", {notice.held_back});
    return line += '\n';
}

/// A notice as a log shows it. Throws: std::bad_alloc.
inline std::string text_of(block_notice const& notice, text_layout const& how)
{
    if (notice.telling != telling::full) return line_of(notice);
    std::string text;
    if (notice.held_back > 0)
        text = formatted(
            "loopwatch: {} only counted since the last report\n",
            {notice.held_back == 1 ? std::string{"1 block was"} : formatted("{} blocks were", {notice.held_back})});
    text += text_of(notice.report, how);
    if (notice.count > 1)
        text += formatted("  so far   {} times, {} in all, {} at most\n",
                          {notice.count, duration_text(notice.total), duration_text(notice.longest)});
    return text;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
