// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../../monitor_numbers.hpp"
#include "../../recording.hpp"
#include "../base/clock.hpp"
#include "../base/printable.hpp"
#include "../base/wall_clock.hpp"
#include "../vitals/delay_histogram.hpp"
#include "../vitals/delay_history.hpp"
#include "../vitals/loop_totals.hpp"
#include "blocked_totals.hpp"
#include "loop_records.hpp"

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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

/// Throws: std::bad_alloc.
inline std::vector<delay_bucket> buckets_of(delay_reading const& delays)
{
    std::vector<delay_bucket> buckets;
    buckets.reserve(delays.counts.size());
    for (std::size_t i = 0; i < delays.counts.size(); ++i)
        buckets.push_back({i < delay_bounds.size() ? delay_bounds[i] : nanoseconds::max(), delays.counts[i]});
    return buckets;
}

/// What is told of a loop. `age`: of its oldest heartbeat; null: it is not watched. Throws: std::bad_alloc.
inline loop_numbers numbers_of(loop_reading const& read, nanoseconds const* age)
{
    loop_totals const& totals = *read.record->totals;
    delay_reading delays = totals.delays.read();
    delays.add(read.delays_before);
    loop_numbers of;
    of.loop = is_utf8(read.record->name) ? read.record->name : printable(read.record->name);
    of.delays = buckets_of(delays);
    of.delay_sum = delays.sum;
    delay_reading handler_delays = totals.handler_delays.read();
    handler_delays.add(read.handler_delays_before);
    if (handler_delays.count() > 0) of.handler_delays = buckets_of(handler_delays);
    of.handler_delay_sum = handler_delays.sum;
    of.by_cause.reserve(all_causes.size());
    for (cause const why : all_causes) {
        blocked_totals::of_cause const& one = read.blocked.by_cause[static_cast<std::size_t>(why)];
        of.by_cause.push_back({why, one.blocks, one.time});
    }
    if (totals.cpu_time_is_known.load(std::memory_order_relaxed))
        of.cpu_time = nanoseconds{totals.on_cpu.load(std::memory_order_relaxed)};
    of.watched = age != nullptr;
    if (age != nullptr) of.heartbeat_age = *age;
    return of;
}

/// How late its handlers were in the last ten minutes. Both times are of now. Throws: std::bad_alloc.
inline loop_delays delays_of(loop_record const& record, time_point now, wall_clock::time_point wall)
{
    loop_delays of{record.name, {}};
    for (delay_history::point const& p : record.totals->history.read(now)) {
        auto const ago = now - time_point{std::chrono::seconds{p.second}};
        of.points.push_back({wall - in_wall_ticks(ago), p.longest});
    }
    return of;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
