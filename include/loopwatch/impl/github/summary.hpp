// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../policy/signature.hpp"
#include "workflow_command.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A row of a summary: all blocks of one signature, with the data of the longest.
struct summary_row {
    block_signature which{};
    std::string loop{};
    std::chrono::nanoseconds duration{};
    std::chrono::nanoseconds own{};
    std::string where{};  // file:line
    std::uint64_t times{0};

    void add(block_report const& report, std::string_view workspace)
    {
        if (times++ > 0 && report.duration <= duration) return;
        loop = report.loop;
        duration = report.duration;
        own = report.own_duration;
        where.clear();
        frame const* const culprit = report.culprit();
        if (culprit == nullptr || culprit->file.empty()) return;
        where = path_within(culprit->file, workspace);
        if (culprit->line > 0) where += formatted(":{}", {culprit->line});
    }
};

/// A table cell of text, with Markdown's special characters escaped.
inline std::string cell_text(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        if (c == '\n' || c == '\r') {
            out += ' ';
        } else {
            if (std::string_view{"\\`*_~[]<>&|"}.find(c) != std::string_view::npos) out += '\\';
            out += c;
        }
    }
    return out;
}

/// A table cell of code. GitHub ends a cell at an unescaped '|' even in code.
inline std::string cell_code(std::string_view text)
{
    if (text.empty()) return {};
    std::string out{'`'};
    for (char const c : text) {
        if (c == '\n' || c == '\r')
            out += ' ';
        else if (c == '`')
            out += '\'';
        else if (c == '|')
            out += "\\|";
        else
            out += c;
    }
    return out += '`';
}

/// Pure. A table in GitHub's Markdown, the longest blocks first; "" without any.
inline std::string summary_table(many<summary_row> rows)
{
    constexpr std::size_t most = 100;
    if (rows.empty()) return {};
    sort_few(rows, [](summary_row const& a, summary_row const& b) { return a.own > b.own; });
    std::string text =
        "\n### Blocked event loops\n\n"
        "| loop | cause | duration | own | culprit | at | times |\n"
        "|---|---|---:|---:|---|---|---:|\n";
    for (std::size_t i = 0; i < std::min(most, rows.size()); ++i) {
        summary_row const& row = rows[i];
        text += formatted("| {} | {} | {} | {} | {} | {} | {} |\n",
                          {cell_text(row.loop), cell_text(to_string(row.which.cause)), duration_text(row.duration),
                           duration_text(row.own), cell_code(row.which.culprit), cell_code(row.where), row.times});
    }
    if (rows.size() > most) text += formatted("\nand {} more\n", {rows.size() - most});
    return text;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
