// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../analysis/culprit.hpp"
#include "../report/report_text.hpp"
#include "../report/text/layout.hpp"

#include <ostream>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL frame const* block_report::culprit() const noexcept { return detail::culprit_of(stack); }

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
