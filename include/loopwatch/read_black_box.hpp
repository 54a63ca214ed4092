// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_report.hpp"
#include "detail/config.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// What a process has left in its black box.
struct black_box_contents {
    std::int64_t process_id{};    ///< of the process that recorded; 0 if the file does not tell any more
    std::string program;          ///< path of its file
    std::string host;             ///< the machine's name
    std::string library_version;  ///< of the loopwatch that recorded
    std::chrono::system_clock::time_point opened_at;  ///< when it began to record
    bool running{};                                   ///< a process still records to it
    bool closed{};  ///< it was closed in order: the process was not killed while it recorded

    /// The blocks under way, earliest first: still blocked when the process ended, or now if it runs. Their durations
    /// are until the watchdog's last look. Cause and stack are made of what was captured; suppressions and
    /// allow_blocking() are not considered. Where `ended` is true, the block was over, and its report not made yet.
    std::vector<block_report> under_way;

    /// The last reports, newest first; of a block that lasted when it was reported the last one.
    std::vector<block_report> reports;

    std::uint64_t lost{};            ///< blocks and reports for which there was no room
    std::vector<std::string> notes;  ///< what is missing, and why: a file that is not the one that ran, a damaged part
};

/// Reads a black box, however its process has ended, and also while that runs. What is torn or damaged is left out.
/// Functions, files and lines of the blocks under way are those of the program's and the libraries' files, which are
/// read where they were: on the same machine, or with the same files. With libbacktrace for a symbolizer, addresses
/// stay without names.
///
/// Throws: std::runtime_error that names the file: it can't be read, is no black box, or of another version;
/// std::bad_alloc. Thread safety: any thread, but not in a process that records to this file: it would lose its lock,
/// by which others know that it runs. Cost to the loop: none, unless called on it: tens of milliseconds.
[[nodiscard]] LOOPWATCH_DECL black_box_contents read_black_box(std::string const& file);

/// As `loopwatch-read` prints it: who recorded and how that ended, the blocks under way, then the last reports.
///
/// all_frames: as for a report's. most: how many reports. Throws: std::bad_alloc. Thread safety: as for reading the
/// contents.
[[nodiscard]] LOOPWATCH_DECL std::string to_string(black_box_contents const& contents, bool all_frames = false,
                                                   std::size_t most = 10);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/read_black_box.hpp"
#endif
