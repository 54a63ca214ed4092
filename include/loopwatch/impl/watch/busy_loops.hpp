// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../capture/thread_access.hpp"
#include "../exact/exact.hpp"
#include "../exact/seen_handler.hpp"
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

/// Which loops run handlers, where threads write these down: such a loop is looked at once a period while it does, and
/// not at all while it rests. One look at all threads serves all loops. Under the watchdog's mutex, but for wake().
class busy_loops {
public:
    /// The watchdog's wait is over. Its own thread alone.
    void wake() { woken_ = true; }

    [[nodiscard]] bool is_due(time_point now) const { return woken_ || now >= next_; }

    /// Has those looked at that are busy. Returns when the watchdog was to be heard of for it: if it has slept until a
    /// handler began, that is when it did.
    time_point look(watch_queue<watch>& queue, time_point now, process_host& host, thread_access& threads) noexcept
    {
        woken_ = false;
        next_ = time_point::max();
        try {
            return find_busy(queue, now, host, threads);
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
        if (handlers.any_began() || !handlers.sleep_until_rung()) next_ = now + shortest_;
        asleep_ = next_ == time_point::max();
        return next_;
    }

private:
    time_point find_busy(watch_queue<watch>& queue, time_point now, process_host& host, thread_access& threads)
    {
        to_look_at_.clear();
        lists_.clear();
        runs_.clear();
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
        if (running.empty()) return time_point::max();
        for (watch* const w : to_look_at_) {
            w->exact->is_busy = runs(w->scheduler, running);
            if (!w->exact->is_busy) continue;
            // However rarely it is searched for.
            if (auto* const waits = w->waits_for_nobody()) waits->search_at = std::min(waits->search_at, now);
            queue.hasten(*w, now);
        }
        return std::exchange(asleep_, false) ? first : time_point::max();
    }

    /// Whether a thread is in a handler of this loop. Each thread's list is read once, for all loops.
    bool runs(scheduler_identity const& loop, view<seen_handler const> running)
    {
        if (!contains(lists_, loop.list)) {
            lists_.push_back(loop.list);
            for (seen_handler const& one : running) {
                if (one.place != 0) continue;
                run_list const found = run_lists::shared().of(one.thread, loop);
                for (std::size_t i = 0; i < found.size; ++i) runs_.push_back({loop.list, found.elements[i].scheduler});
            }
        }
        return contains(runs_, one_run{loop.list, loop.address});
    }

    /// A loop that a thread runs which is in a handler.
    struct one_run {
        std::ptrdiff_t list{0};  // of Asio's, in which it is
        std::uintptr_t scheduler{0};
        friend bool operator==(one_run const&, one_run const&) = default;
    };

    time_point next_{time_point::max()};
    nanoseconds shortest_{nanoseconds::max()};  // of the periods
    bool woken_{false};
    bool asleep_{false};
    many<watch*> to_look_at_;
    many<std::ptrdiff_t> lists_;  // that were read
    many<one_run> runs_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
