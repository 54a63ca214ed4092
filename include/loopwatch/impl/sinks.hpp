// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../block_report.hpp"
#include "../detail/config.hpp"
#include "../detail/write_whole.hpp"
#include "../sinks.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL void write_to_stderr(block_report const& report, bool all_frames)
{
    detail::write_whole(to_string(report, all_frames));
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
