// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "delay_histogram.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What only ever grows, of all watches of one name: it outlives them. Read by any thread.
struct loop_totals : counted {
    // --- written under the watchdog's mutex ---
    delay_histogram delays;
    std::atomic<std::int64_t> on_cpu{0};         // by the threads that run the loop, in nanoseconds
    std::atomic<bool> cpu_time_is_known{false};  // of all of them

    // --- by whoever counts blocks ---
    struct of_cause {
        std::atomic<std::uint64_t> blocks{0};
        std::atomic<std::int64_t> blocked{0};  // in nanoseconds
    };
    fixed<of_cause, all_causes.size()> by_cause{};

    /// A block is over. Any thread.
    void count_block(cause why, nanoseconds duration) noexcept
    {
        of_cause& one = by_cause[static_cast<std::size_t>(why)];
        one.blocks.fetch_add(1, std::memory_order_relaxed);
        one.blocked.fetch_add(duration.count(), std::memory_order_relaxed);
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
