// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "cause.hpp"
#include "detail/config.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// One bucket of a histogram of delays: those above the bucket before it, up to this bound.
struct delay_bucket {
    std::chrono::nanoseconds up_to{};  ///< included; of the last bucket nanoseconds::max()
    std::uint64_t count{};             ///< in this bucket alone
};

/// How often one cause blocked a loop, and for how long.
struct cause_numbers {
    loopwatch::cause cause{};            ///< why
    std::uint64_t blocks{};              ///< that are over
    std::chrono::nanoseconds blocked{};  ///< by all of these together
};

/// The numbers of all loops of one name that a monitor watches or has watched. They only grow, but for heartbeat_age.
struct loop_numbers {
    std::string loop;  ///< its name; "other": all those after the first thousand

    /// How long handlers waited for their turn, as heartbeats met it: one that waited for longer than the interval
    /// counts for those, too, that would have been sent meanwhile (coordinated omission). One that still waits is not
    /// in it.
    std::vector<delay_bucket> delays;
    double delay_sum{};  ///< of all of these delays, in seconds

    /// How long each handler was ready before it ran, in exact mode: what post() and the like have put in the queue,
    /// since then; what waited for a socket, since Asio found that it was ready; timers by steady_clock, since they
    /// expired. Of what is none of these it is not known. A strand's handlers and its turns in the queue each count.
    /// Empty: none is known.
    std::vector<delay_bucket> handler_delays;
    double handler_delay_sum{};  ///< of all of these delays, in seconds

    std::vector<cause_numbers> by_cause;  ///< every cause, also those without a block

    bool watched{};                            ///< whether a watch of this name has not ended
    std::chrono::nanoseconds heartbeat_age{};  ///< since when it is not known to be alive; 0 if nobody runs it

    /// Of the threads that run it, since each was first seen to. Nothing where it is not known: on other systems than
    /// Linux, and of pools of 8 threads or more.
    std::optional<std::chrono::nanoseconds> cpu_time;
};

/// All that a monitor has counted. A plain value.
struct monitor_numbers {
    std::vector<loop_numbers> loops;     ///< in the order in which their names were first watched
    std::uint64_t reports_suppressed{};  ///< blocks that logs were told nothing of
    /// Blocks of which no report could be made: they came too fast, or there was no memory. In no other number.
    std::uint64_t blocks_dropped{};
    std::uint64_t notices_lost{};  ///< as monitor::lost()
};

/// In Prometheus' text format, version 0.0.4, for an answer of the type "text/plain; version=0.0.4".
///
/// Throws: std::bad_alloc. Thread safety: as for reading the numbers. Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL std::string to_prometheus(monitor_numbers const& numbers);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

// Not part of the core's implementation: only files that include this header compile it.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/monitor_numbers.hpp"
#endif
