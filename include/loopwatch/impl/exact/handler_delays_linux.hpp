// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/exact/completion.hpp"
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
    /// From now on threads measure it. That costs each handler that is started by post() or the like a look at the
    /// clock. `nanoseconds_per_tick`: as far as is known by now. Throws: std::bad_alloc.
    void measure(double nanoseconds_per_tick)
    {
        exact::put(exact::state.nanoseconds_per_tick, nanoseconds_per_tick);
        if (is_measured()) return;
        // What was counted before is not asked for any more: in the child of a fork, by the parent's threads.
        for_each_record(
            [](exact::thread_record const& record, known_thread& known) { known.told = reading_of(record); });
        exact::put(exact::state.measured_since, ~std::uint64_t{0});
        exact::state.flags.fetch_or(exact::shared_state::measures);
        exact::put(exact::state.measured_since, exact::ticks());
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
        for_each_record([&](exact::thread_record const& record, known_thread& known) {
            if (std::uintptr_t const runs = loop_of_owner(record, loop_of); runs != 0) known.loop = runs;
            tell(record, known, add);
        });
    }

    /// The same, but only a thread that was never seen to run a loop is asked for the one that it runs now.
    template <typename LoopOf, typename Add>
    void read_as_known(LoopOf const& loop_of, Add const& add)
    {
        for_each_record([&](exact::thread_record const& record, known_thread& known) {
            if (known.loop == 0 && counted_since(record, known).count() > 0)
                known.loop = loop_of_owner(record, loop_of);
            tell(record, known, add);
        });
    }

    /// What was counted by threads of which it is not known what they run is told to nobody. Throws: std::bad_alloc.
    void forget_unknown()
    {
        for_each_record([](exact::thread_record const& record, known_thread& known) {
            if (known.loop == 0) known.told = reading_of(record);
        });
    }

private:
    static bool is_measured() { return (exact::get(exact::state.flags) & exact::shared_state::measures) != 0; }

    struct known_thread {
        std::uintptr_t loop{0};  // that it was last seen to run, by its scheduler's address
        delay_reading told;
    };

    template <typename Function>
    void for_each_record(Function const& function)
    {
        for (exact::thread_record* each = exact::state.records.load(std::memory_order_acquire); each != nullptr;
             each = each->next)
            function(*each, threads_[reinterpret_cast<std::uintptr_t>(each)]);
    }

    template <typename LoopOf>
    static std::uintptr_t loop_of_owner(exact::thread_record const& record, LoopOf const& loop_of)
    {
        auto const thread = static_cast<thread_number>(record.thread.load(std::memory_order_relaxed));
        return thread != 0 ? loop_of(thread) : 0;
    }

    template <typename Add>
    static void tell(exact::thread_record const& record, known_thread& known, Add const& add)
    {
        if (known.loop == 0) return;  // not yet known: it is told with what comes
        delay_reading const now = reading_of(record);
        delay_reading const fresh = now.since(known.told);
        if (fresh.count() == 0) return;
        add(known.loop, fresh);
        known.told = now;
    }

    static delay_reading counted_since(exact::thread_record const& record, known_thread const& known)
    {
        return reading_of(record).since(known.told);
    }
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
