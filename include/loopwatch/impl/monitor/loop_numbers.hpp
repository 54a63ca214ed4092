// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../monitor_numbers.hpp"
#include "../base/clock.hpp"
#include "../base/printable.hpp"
#include "../vitals/delay_histogram.hpp"
#include "../vitals/loop_totals.hpp"
#include "blocked_totals.hpp"

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Whether all of it is UTF-8, as Prometheus wants a label to be.
inline bool is_utf8(std::string_view text)
{
    while (!text.empty()) {
        std::size_t const size = character_size(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

/// What is told of a loop, but for what only watches know. Throws: std::bad_alloc.
inline loop_numbers numbers_of(std::string const& name, loop_totals const& totals, delay_reading const& delays,
                               blocked_totals const& blocked)
{
    loop_numbers of;
    of.loop = is_utf8(name) ? name : printable(name);
    of.delays.reserve(delays.counts.size());
    for (std::size_t i = 0; i < delays.counts.size(); ++i)
        of.delays.push_back({i < delay_bounds.size() ? delay_bounds[i] : nanoseconds::max(), delays.counts[i]});
    of.delay_sum = delays.sum;
    of.by_cause.reserve(all_causes.size());
    for (cause const why : all_causes) {
        blocked_totals::of_cause const& one = blocked.by_cause[static_cast<std::size_t>(why)];
        of.by_cause.push_back({why, one.blocks, one.time});
    }
    if (totals.cpu_time_is_known.load(std::memory_order_relaxed))
        of.cpu_time = nanoseconds{totals.on_cpu.load(std::memory_order_relaxed)};
    return of;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
