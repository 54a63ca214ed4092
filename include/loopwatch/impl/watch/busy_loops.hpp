// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
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
        lists_.clear();
        numbers_.clear();
        in_handler_.clear();
        shortest_ = nanoseconds::max();
        nanoseconds threshold = nanoseconds::max();
        queue.for_each([&](watch& w) {
            if (!w.exact || w.is_in<phases::paused>() || w.is_in<phases::over>()) return;
            to_look_at_.push_back(&w);
            shortest_ = std::min(shortest_, w.timing.period);
            threshold = std::min(threshold, w.timing.threshold);
        });
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
        auto const is_in_none = [&](thread_number thread) {
            return first_with(running, &seen_handler::thread, thread) == nullptr;
        };
        if (any_of(active_, is_in_none)) next_ = std::min(next_, now + shortest_);
        for (watch* const w : to_look_at_) {
            read_runs(w->scheduler, running);
            std::size_t const run = numbers_.find(w->scheduler.address);
            if (run == number_index::none) continue;
            w->exact->seen = seen_activity{in_handler_[run], now};
            // However rarely it is searched for.
            if (auto* const waits = w->waits_for_nobody()) waits->search_at = std::min(waits->search_at, now);
            queue.hasten(*w, now);
        }
        return first;
    }

    /// Notes which loops the active threads run, by the list of Asio's in which this one stands. Each thread's is read
    /// once, for all loops. Throws: std::bad_alloc.
    void read_runs(scheduler_identity const& loop, view<seen_handler const> running)
    {
        if (contains(lists_, loop.list)) return;
        lists_.push_back(loop.list);
        for (thread_number const thread : active_) {
            bool const in_handler = first_with(running, &seen_handler::thread, thread) != nullptr;
            run_list const found = run_lists::shared().of(thread, loop);
            for (std::size_t i = 0; i < found.size; ++i) note_run(found.elements[i].scheduler, in_handler);
        }
    }

    void note_run(std::uintptr_t scheduler, bool in_handler)
    {
        std::size_t const known = numbers_.find(scheduler);
        if (known != number_index::none) {
            in_handler_[known] = in_handler_[known] || in_handler;
            return;
        }
        numbers_.add(scheduler, in_handler_.size());
        in_handler_.push_back(in_handler);
    }

    time_point next_{time_point::max()};
    nanoseconds shortest_{nanoseconds::max()};  // of the periods
    bool woken_{false};
    bool asleep_{false};
    many<watch*> to_look_at_;
    many<thread_number> active_;
    many<std::ptrdiff_t> lists_;  // that were read
    // Loops that active threads run, by their schedulers' addresses, and whether such a thread was in a handler.
    number_index numbers_;
    many<bool> in_handler_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
