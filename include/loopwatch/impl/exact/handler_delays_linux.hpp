// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/exact/thread_record.hpp"
#include "../base/by_number.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../platform/thread.hpp"
#include "../vitals/delay_histogram.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

static_assert(exact::delay_buckets == delay_reading::buckets);
static_assert([] {
    for (std::size_t i = 0; i < delay_bounds.size(); ++i)
        if (delay_bounds[i] != nanoseconds{exact::delay_bounds[i]}) return false;
    return true;
}());

/// For how long handlers were ready before they ran, as each thread counts it. A thread runs one loop at a time, as a
/// rule for long: what it has counted since the look before is that loop's. Under the watchdog's mutex.
class handler_delays {
public:
    /// From now on threads measure it. That costs each handler that is started by post() or the like a look at the clock.
    /// `nanoseconds_per_tick`: as far as is known by now.
    static void measure(double nanoseconds_per_tick)
    {
        exact::put(exact::state.nanoseconds_per_tick, nanoseconds_per_tick);
        if (!is_measured()) exact::state.flags.fetch_or(exact::shared_state::measures);
    }
    static void measure_no_more()
    {
        if (is_measured()) exact::state.flags.fetch_and(~exact::shared_state::measures);
    }

    /// What this thread starts is not counted.
    static void leave_out_this_thread() { exact::stamp = exact::untold; }

    /// Calls add(loop, delays) for what each thread has counted since this was called before. `loop_of(thread)`: the
    /// one that it runs now, or 0; then it is that which it was last seen to run. Throws: std::bad_alloc, and what they
    /// throw; nothing is lost then.
    template <typename LoopOf, typename Add>
    void read(LoopOf const& loop_of, Add const& add)
    {
        for (exact::thread_record* each = exact::state.records.load(std::memory_order_acquire); each != nullptr;
             each = each->next) {
            known_thread& known = threads_[reinterpret_cast<std::uintptr_t>(each)];
            auto const thread = static_cast<thread_number>(each->thread.load(std::memory_order_relaxed));
            std::uintptr_t const runs = thread != 0 ? loop_of(thread) : 0;
            if (runs != 0) known.loop = runs;
            if (known.loop == 0) continue;  // not yet known: it is told with what comes
            delay_reading const now = reading_of(*each);
            delay_reading const fresh = now.since(known.told);
            if (fresh.count() == 0) continue;
            add(known.loop, fresh);
            known.told = now;
        }
    }

private:
    static bool is_measured() { return (exact::get(exact::state.flags) & exact::shared_state::measures) != 0; }

    struct known_thread {
        std::uintptr_t loop{0};  // that it was last seen to run, by its scheduler's address
        delay_reading told;
    };

    static delay_reading reading_of(exact::thread_record const& record)
    {
        delay_reading now;
        for (std::size_t i = 0; i < now.counts.size(); ++i) now.counts[i] = exact::get(record.delays[i]);
        now.sum = static_cast<double>(exact::get(record.delayed)) / 1e9;
        return now;
    }

    by_number<known_thread> threads_;  // by their records' addresses
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
