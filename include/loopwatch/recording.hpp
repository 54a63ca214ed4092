// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_report.hpp"
#include "detail/config.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// How late a loop's handlers were in a stretch of time.
struct delay_point {
    std::chrono::system_clock::time_point at;  ///< when the stretch began; it ends where the next point's begins
    std::chrono::nanoseconds longest{};        ///< the longest that a handler waited for its turn
};

/// How late a loop's handlers were all the time that it was watched.
struct loop_delays {
    std::string loop;                   ///< as block_report::loop
    std::vector<delay_point> points{};  ///< in the order of time
};

/// What was seen of loops, to be drawn: pictures.hpp. A plain value.
///
/// Thread safety: as for a std::vector: const members may be called concurrently.
struct recording {
    /// Blocks that are over, in the order in which they began; excused ones, too.
    std::vector<block_report> blocks{};
    std::vector<loop_delays> delays{};  ///< of some loops, or of none
    std::uint64_t left_out{};           ///< how many more blocks there were
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
