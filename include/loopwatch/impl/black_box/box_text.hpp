// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../read_black_box.hpp"
#include "../base/formatted.hpp"
#include "../base/printable.hpp"
#include "../base/utc_text.hpp"
#include "../report/report_text.hpp"
#include "../report/text/layout.hpp"

#include <cstddef>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline std::string counted_text(std::size_t count, char const* one, char const* many)
{
    return formatted("{} {}", {count, count == 1 ? one : many});
}

inline std::string end_text(black_box_contents const& c)
{
    if (c.running) return "It still runs: what follows changes.\n";
    if (c.closed) return "The box was closed in order.\n";
    return "It ended without closing the box: it was killed, crashed, or called _exit().\n";
}

/// A black box as text. Pure. Throws: std::bad_alloc.
inline std::string text_of(black_box_contents const& c, text_layout const& how, std::size_t most)
{
    std::string text = "black box of ";
    text += c.program.empty() ? "an unknown program" : printable(c.program);
    if (c.process_id != 0)
        text += formatted(" (process {}", {c.process_id}) + (c.host.empty() ? "" : " on " + printable(c.host)) + ")";
    text += formatted(", since {}\n", {utc_text(c.opened_at)});
    text += end_text(c);
    for (std::string const& note : c.notes) text += "note: " + printable(note) + '\n';
    if (c.lost > 0)
        text += formatted("note: there was no room for {}\n",
                          {counted_text(static_cast<std::size_t>(c.lost), "block or report", "blocks or reports")});

    char const* const when = c.running ? "now" : c.closed ? "when it was closed" : "when the process ended";
    if (c.under_way.empty())
        text += formatted("\nNo loop was blocked {}.\n", {when});
    else
        text += formatted("\nBlocked {}:\n", {when});
    for (block_report const& r : c.under_way)
        text += formatted("\n{}{}\n", {utc_text(r.began_at), r.ended ? ", was over, and not reported yet" : ""}) +
                text_of(r, how);

    if (c.reports.empty()) {
        text += "\nNothing was reported before.\n";
        return text;
    }
    text += "\nReported before, the last one first:\n";
    std::size_t shown = 0;
    for (block_report const& r : c.reports) {
        if (shown++ == most) break;
        text += formatted("\n{}\n", {utc_text(r.began_at)}) + text_of(r, how);
    }
    if (c.reports.size() > most)
        text += formatted("\nand {} before\n", {counted_text(c.reports.size() - most, "report", "reports")});
    return text;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
