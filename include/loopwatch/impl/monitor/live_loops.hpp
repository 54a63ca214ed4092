// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../../health.hpp"
#include "../base/by_number.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../vitals/loop_totals.hpp"
#include "../vitals/loop_vitals.hpp"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The ages of heartbeats, of each name the oldest. Names are known by their totals.
class oldest_heartbeats {
public:
    /// Throws: std::bad_alloc.
    void add(loop_totals const& of, nanoseconds age)
    {
        nanoseconds& oldest = by_totals_[number_of(of)];
        oldest = std::max(oldest, age);
    }
    /// Null: it is not watched.
    [[nodiscard]] nanoseconds const* of(loop_totals const& which) const { return by_totals_.find(number_of(which)); }

private:
    static std::uint64_t number_of(loop_totals const& of) { return reinterpret_cast<std::uintptr_t>(&of); }

    by_number<nanoseconds> by_totals_;
};

/// Which loops a monitor watches just now, and how they are. Reads no clock.
///
/// Thread safety: any thread. Its mutex is held for microseconds, and never while another one is waited for: neither a
/// stuck loop nor a busy watchdog, reporter or sink delays who asks.
class live_loops {
public:
    /// A watch begins. Throws: std::bad_alloc; then nothing has changed.
    void add(std::string_view name, shared<loop_vitals> const& vitals)
    {
        one_loop one{std::string{name}, vitals};
        std::lock_guard const hold{mutex_};
        all_.push_back(std::move(one));
    }

    /// A watch has ended. Does nothing if it is not known.
    void remove(loop_vitals const& vitals) noexcept
    {
        std::lock_guard const hold{mutex_};
        remove_if(all_, [&](one_loop const& each) { return each.vitals.get() == &vitals; });
    }

    /// Throws: std::bad_alloc.
    [[nodiscard]] health_report health(nanoseconds bound, time_point now) const
    {
        health_report report;
        std::lock_guard const hold{mutex_};
        report.loops.reserve(all_.size());
        for (one_loop const& each : all_) {
            loop_vitals const& vitals = *each.vitals;
            bool const ok = is_fresh(vitals, bound, now);
            report.ok = report.ok && ok;
            report.loops.push_back({.loop = each.name,
                                    .state = vitals.state(),
                                    .heartbeat_age = vitals.age(now),
                                    .delay = vitals.delay(now),
                                    .ok = ok});
        }
        return report;
    }

    /// Whether health() would be ok. Allocates nothing.
    [[nodiscard]] bool all_fresh(nanoseconds bound, time_point now) const noexcept
    {
        std::lock_guard const hold{mutex_};
        return all_of(all_, [&](one_loop const& each) { return is_fresh(*each.vitals, bound, now); });
    }

    /// False: is_overloaded() is false just now. Needs no clock.
    [[nodiscard]] bool may_be_overloaded(std::string_view name, nanoseconds bound) const noexcept
    {
        std::lock_guard const hold{mutex_};
        return any_of(all_, [&](one_loop const& e) { return e.name == name && e.vitals->may_be_above(bound); });
    }

    /// Whether the delay of the last second of a loop of this name is above the bound.
    [[nodiscard]] bool is_overloaded(std::string_view name, nanoseconds bound, time_point now) const noexcept
    {
        std::lock_guard const hold{mutex_};
        return any_of(all_, [&](one_loop const& e) { return e.name == name && e.vitals->delay(now) > bound; });
    }

    /// The age of the oldest heartbeat of the watches of each name. Throws: std::bad_alloc.
    [[nodiscard]] oldest_heartbeats ages(time_point now) const
    {
        oldest_heartbeats oldest;
        std::lock_guard const hold{mutex_};
        for (one_loop const& each : all_) oldest.add(each.vitals->totals(), each.vitals->age(now));
        return oldest;
    }

private:
    struct one_loop {
        std::string name;
        shared<loop_vitals> vitals;
    };

    static bool is_fresh(loop_vitals const& vitals, nanoseconds bound, time_point now) noexcept
    {
        return vitals.blocked_for(now) <= bound;
    }

    mutable std::mutex mutex_;
    many<one_loop> all_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
