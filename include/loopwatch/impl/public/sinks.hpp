// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../sinks.hpp"
#include "../base/write_whole.hpp"
#include "../report/report_text.hpp"
#include "../report/text/terminal.hpp"

#include <cerrno>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

LOOPWATCH_DECL void write_to_stderr(block_report const& report, bool all_frames)
{
    // Keeps errno, as a guard may end anywhere in the user's code: isatty() and ioctl() change it.
    int const before = errno;
    detail::write_whole(detail::text_of(report, detail::layout_of_stderr(all_frames)));
    errno = before;
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
