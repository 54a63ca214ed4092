// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/by_number.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../capture/thread_access.hpp"
#include "../exact/exact.hpp"
#include "../exact/seen_handler.hpp"
#include "../platform/thread.hpp"
#include "../run_list/run_list.hpp"
#include "../run_list/run_lists.hpp"
#include "../vitals/delay_histogram.hpp"
#include "process_host.hpp"
#include "watch.hpp"
#include "watch_phase.hpp"
#include "watch_queue.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Which loops run handlers, where threads write these down: such a loop is looked at once a period while it does, once
/// more when it has, and not at all while it rests. One look at all threads serves all loops. Under the watchdog's
/// mutex, but for wake().
class busy_loops {
public:
    /// The watchdog's wait is over. Its own thread alone.
    void wake() { woken_ = true; }

    [[nodiscard]] bool is_due(time_point now) const { return woken_ || now >= next_; }

    /// A watch is new, or another than before.
    void look_soon() { next_ = time_point{}; }

    /// Has those looked at that are busy. Returns when the watchdog was to be heard of for it: if it has slept until a
    /// handler began, that is when it did.
    time_point look(watch_queue<watch>& queue, time_point now, process_host& host, thread_access& threads) noexcept
    {
        woken_ = false;
        next_ = time_point::max();
        bool const was_asleep = std::exchange(asleep_, false);
        try {
            time_point const first = find_busy(queue, now, host, threads);
            return was_asleep ? first : time_point::max();
        } catch (...) {
            next_ = now + std::chrono::milliseconds{1};  // out of memory
            return time_point::max();
        }
    }

    /// This watch is about to begin, or to go on: what was counted before is told to others, or to nobody. Without
    /// memory it is begun by the next look.
    void begin_watch(watch_queue<watch>& queue, watch const& beginning, handler_reader& handlers) noexcept
    {
        if (!may_count_delays(beginning)) return;
        try {
            tell_delays(queue, beginning);
            delays_.forget_unknown();
            delays_.measure(handlers.nanoseconds_per_tick());
        } catch (...) {  // NOLINT(bugprone-empty-catch)
        }
    }

    /// This watch is about to end, or to pause: what its loop's threads have counted so far is told.
    void end_watch(watch_queue<watch>& queue, watch const& ending) noexcept
    {
        if (!counts_delays(ending)) return;
        bool is_last = true;
        queue.for_each([&](watch& w) { is_last = is_last && (&w == &ending || !counts_delays(w)); });
        try {
            tell_delays(queue, ending);
        } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory
        }
        if (is_last) handler_delays::measure_no_more();
    }

    /// When to look next. Never, if none has begun for a period, and the next one rings: for loops that tick, that
    /// would be a ring for each tick.
    [[nodiscard]] time_point next_look(time_point now, handler_reader& handlers)
    {
        if (next_ != time_point::max() || shortest_ == nanoseconds::max()) return next_;
        if (!handlers.sleep_until_rung()) next_ = now + shortest_;
        asleep_ = next_ == time_point::max();
        return next_;
    }

private:
    /// Returns when the first handler that runs now has begun.
    time_point find_busy(watch_queue<watch>& queue, time_point now, process_host& host, thread_access& threads)
    {
        to_look_at_.clear();
        shortest_ = nanoseconds::max();
        nanoseconds threshold = nanoseconds::max();
        bool measures = false;
        queue.for_each([&](watch& w) {
            if (!w.exact || w.is_in<phases::paused>() || w.is_in<phases::over>()) return;
            to_look_at_.push_back(&w);
            shortest_ = std::min(shortest_, w.timing.period);
            threshold = std::min(threshold, w.timing.threshold);
            measures = measures || counts_delays(w);
        });
        if (measures)
            delays_.measure(host.handlers().nanoseconds_per_tick());
        else
            handler_delays::measure_no_more();
        if (to_look_at_.empty()) return time_point::max();

        auto const running = host.running_handlers();
        time_point first = time_point::max();
        for (seen_handler const& one : running) {
            if (one.place != 0) continue;
            first = std::min(first, one.began);
            if (thread_counters counters; threads.read_counters(one.thread, counters))
                host.waits().note(one.thread, counters, one.began);
            // What is long already says when it ends, and there is nothing to see before its deadline.
            time_point const deadline = one.began + threshold;
            bool const is_long = now - one.began >= threshold / 4 && deadline > now;
            next_ = std::min(next_, is_long ? deadline : now + shortest_);
        }
        // That is the last look at a loop that rests now: how long none was late, and what its threads have computed.
        host.handlers().read_active(active_);
        for (thread_number const thread : active_) {
            if (first_with(running, &seen_handler::thread, thread) != nullptr) continue;
            // The next handler that is long counts its wait for a CPU from here.
            if (thread_counters counters; threads.read_counters(thread, counters))
                host.waits().note_between_handlers(thread, counters);
            next_ = std::min(next_, now + shortest_);
        }
        read_runs(running);
        if (measures) read_delays();
        for (watch* const w : to_look_at_) {
            std::size_t const run = numbers_.find(w->scheduler.address);
            if (run == number_index::none) continue;
            if (counts_delays(*w)) w->how.vitals->totals().handler_delays.add(runs_[run].delays);
            if (!runs_[run].now) continue;
            w->exact->seen = seen_activity{runs_[run].in_handler, now};
            // However rarely it is searched for.
            if (auto* const waits = w->waits_for_nobody()) waits->search_at = std::min(waits->search_at, now);
            queue.hasten(*w, now);
        }
        return first;
    }

    /// A loop that active threads run, or have run.
    struct one_run {
        bool now{false};
        bool in_handler{false};  // such a thread was in one
        delay_reading delays;
    };

    /// Those of a strand's own are not known.
    [[nodiscard]] static bool may_count_delays(watch const& w)
    {
        return w.exact && w.how.vitals != nullptr && w.how.is_context;
    }
    [[nodiscard]] static bool counts_delays(watch const& w)
    {
        return may_count_delays(w) && !w.is_in<phases::paused>() && !w.is_in<phases::over>();
    }

    /// Of the loop that each thread was last seen to run; or, if it never was, that it runs now. Throws:
    /// std::bad_alloc.
    void tell_delays(watch_queue<watch>& queue, watch const& changing)
    {
        auto const loop_of = [&](thread_number thread) {
            std::uintptr_t loop = run_lists::shared().of(thread, changing.scheduler).outermost();
            queue.for_each([&](watch& w) {
                if (loop == 0 && counts_delays(w)) loop = run_lists::shared().of(thread, w.scheduler).outermost();
            });
            return loop;
        };
        delays_.read_as_known(loop_of, [&](std::uintptr_t loop, delay_reading const& fresh) {
            queue.for_each([&](watch& w) {
                if (counts_delays(w) && w.scheduler.address == loop) w.how.vitals->totals().handler_delays.add(fresh);
            });
        });
    }

    /// Notes which loops the active threads run. Each thread's list is read once, for all loops. Throws:
    /// std::bad_alloc.
    void read_runs(view<seen_handler const> running)
    {
        lists_.clear();
        numbers_.clear();
        runs_.clear();
        outermost_numbers_.clear();
        outermost_.clear();
        for (watch const* const w : to_look_at_) {
            if (contains(lists_, w->scheduler.list)) continue;
            lists_.push_back(w->scheduler.list);
            for (thread_number const thread : active_) {
                bool const in_handler = first_with(running, &seen_handler::thread, thread) != nullptr;
                run_list const found = run_lists::shared().of(thread, w->scheduler);
                for (std::size_t i = 0; i < found.size; ++i) {
                    one_run& run = run_of(found.elements[i].scheduler);
                    run.now = true;
                    run.in_handler = run.in_handler || in_handler;
                }
                if (found.size > 0) note_outermost(thread, found.outermost());
            }
        }
    }

    /// For how long the handlers were ready that those threads have begun since the look before. Throws:
    /// std::bad_alloc.
    void read_delays()
    {
        delays_.read(
            [&](thread_number thread) {
                std::size_t const known = outermost_numbers_.find(static_cast<std::uint64_t>(thread));
                return known != number_index::none ? outermost_[known] : 0;
            },
            [&](std::uintptr_t loop, delay_reading const& fresh) { run_of(loop).delays.add(fresh); });
    }

    one_run& run_of(std::uintptr_t scheduler)
    {
        std::size_t const known = numbers_.find(scheduler);
        if (known != number_index::none) return runs_[known];
        runs_.push_back({});
        numbers_.add(scheduler, runs_.size() - 1);
        return runs_[runs_.size() - 1];
    }

    void note_outermost(thread_number thread, std::uintptr_t scheduler)
    {
        if (outermost_numbers_.find(static_cast<std::uint64_t>(thread)) != number_index::none) return;
        outermost_.push_back(scheduler);
        outermost_numbers_.add(static_cast<std::uint64_t>(thread), outermost_.size() - 1);
    }

    time_point next_{time_point::max()};
    nanoseconds shortest_{nanoseconds::max()};  // of the periods
    bool woken_{false};
    bool asleep_{false};
    many<watch*> to_look_at_;
    many<thread_number> active_;
    many<std::ptrdiff_t> lists_;  // that were read
    number_index numbers_;        // by schedulers' addresses
    many<one_run> runs_;
    number_index outermost_numbers_;  // by threads
    many<std::uintptr_t> outermost_;  // loops that they run, by their schedulers' addresses
    handler_delays delays_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
