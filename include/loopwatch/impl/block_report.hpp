// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "../detail/code_origin.hpp"
#include "../detail/config.hpp"
#include "../detail/report_text.hpp"
#include "../detail/text/layout.hpp"

#include <ostream>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL frame const* block_report::culprit() const noexcept
{
    frame const* of_library = nullptr;  // the outermost one: what the loop called
    bool is_users = false;
    for (frame const& f : stack) {
        if (f.outside) break;
        bool const mine = detail::origin_of(f) == code_origin::user;
        if (mine && !f.function.empty()) return &f;
        is_users = is_users || mine;
        if (detail::is_library_code(f)) of_library = &f;
    }
    bool const knows_handler = !stack.empty() && stack.back().outside;
    return knows_handler && !is_users ? of_library : nullptr;
}

LOOPWATCH_DECL std::string to_string(block_report const& report, bool all_frames)
{
    return detail::text_of(report, detail::wide_layout(all_frames));
}

LOOPWATCH_DECL std::ostream& operator<<(std::ostream& to, block_report const& report)
{
    return to << to_string(report);
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
