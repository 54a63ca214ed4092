// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../sinks.hpp"
#include "../base/write_whole.hpp"
#include "../report/report_text.hpp"
#include "../report/text/terminal.hpp"

#include <cerrno>
#include <system_error>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

namespace detail {

/// False, with errno: not all of it could be written. Throws: std::bad_alloc.
inline bool is_written_to_stderr(block_report const& report, bool all_frames)
{
    return write_whole(text_of(report, layout_of_stderr(all_frames)));
}

/// Throws: std::system_error if not all of it could be written, so that nobody may have heard of it; std::bad_alloc.
inline void log_to_stderr(block_report const& report, bool all_frames)
{
    if (!is_written_to_stderr(report, all_frames))
        throw std::system_error{errno, std::generic_category(), "loopwatch: can't write to standard error"};
}

}  // namespace detail

LOOPWATCH_DECL void write_to_stderr(block_report const& report, bool all_frames)
{
    // Keeps errno, as a guard may end anywhere in the user's code: isatty() and ioctl() change it.
    int const before = errno;
    static_cast<void>(detail::is_written_to_stderr(report, all_frames));
    errno = before;
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
