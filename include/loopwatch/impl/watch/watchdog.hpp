// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../capture/capture.hpp"
#include "../capture/thread_access.hpp"
#include "../loop/couriers.hpp"
#include "../platform/doorbell.hpp"
#include "../platform/stack_bounds.hpp"
#include "../platform/thread.hpp"
#include "../report/reporter.hpp"
#include "process_host.hpp"
#include "sending.hpp"
#include "watch.hpp"
#include "watch_keeper.hpp"
#include "watch_phase.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The one thread that sends heartbeats, keeps deadlines and captures. It must be on time: it never symbolizes,
/// formats, logs or calls the user's code (executors of the user's own are called by couriers), and it never waits for
/// a single capture.
class watchdog {
public:
    explicit watchdog(reporter& to) : host_{to, couriers_} {}

    [[nodiscard]] doorbell& bell() { return bell_; }
    [[nodiscard]] std::mutex& mutex() { return mutex_; }

    /// On the watchdog's own thread, before run().
    void prepare()
    {
        wake_this_thread_on_time();
        prepare_capture();
    }

    [[noreturn]] void run()
    {
        for (;;) {
            doorbell::count const seen = bell_.rung();
            bell_.wait_until(seen, round());
        }
    }

    /// Begins to watch, and sends the first heartbeat. Throws what the loop's executor throws.
    void add(shared<watch> const& w, std::uintptr_t guard_frame)
    {
        w->threads.presume({this_thread_number(), guard_frame, this_thread_stack()});
        // If this thread is in the loop, the beat runs here and now: then a block that begins right after the guard
        // is known to be one, and whose. Else it is the first in the queue.
        w->beats->send(true);
        w->target->dispatch(w->beats);
        if (!w->target->is_prompt()) w->by_courier = &couriers_.engage(w->target, w->beats, w->how.context);
        std::unique_lock hold{mutex_};
        try {
            watches_.push_back(w);
        } catch (...) {
            let_go_of_loop(*w, hold);
            throw;
        }
        note_sent(*w, clock::now(), host_);
        keeper_.catch_up(*w, clock::now(), planned_);
        if (!w->heartbeat) send_heartbeat(*w, threads_, host_);
        keeper_.begin(*w);
        look_at(*w, w->beat_deadline.next_look(clock::now()));
    }

    /// Hands over every block that has ended until now.
    void settle(watch& w)
    {
        std::unique_lock hold{mutex_};
        if (!keeper_.has_block(w, clock::now(), planned_, false)) return;
        // The next round is one that began after now.
        auto const before = rounds_;
        ++waiting_;
        bell_.ring();
        changed_.wait(hold, [&] { return rounds_ != before; });
        --waiting_;
    }

    /// Ends the watch. A block under way counts up to now. If there is a block, it waits for the watchdog to look, and
    /// to hand over what there is.
    void remove(watch& w)
    {
        std::unique_lock hold{mutex_};
        if (w.is_in<phases::over>()) return;
        time_point const now = clock::now();
        if (keeper_.has_block(w, now, planned_, true)) {
            watch_keeper::request_end(w, now, this_thread_number());
            bell_.ring();
            changed_.wait(hold, [&] { return w.is_in<phases::over>(); });
        } else {
            keeper_.end(w);
            changed_.notify_all();
        }
        remove_if(watches_, [&](auto const& each) { return each.get() == &w; });
        let_go_of_loop(w, hold);
    }

    /// Other times hold for it from now on. Microseconds.
    void change(watch& w, heartbeat_timing to)
    {
        std::unique_lock hold{mutex_};
        if (w.is_in<phases::over>()) return;
        keeper_.change(w, to, clock::now(), planned_);
        look_at(w, clock::now());
    }

    /// Turns it off until resume(). Like the end of a guard: a block under way counts up to now, and then it waits for
    /// the watchdog.
    void pause(watch& w)
    {
        std::unique_lock hold{mutex_};
        if (w.is_in<phases::over>() || w.is_in<phases::paused>()) return;
        time_point const now = clock::now();
        if (!w.end_requested && !keeper_.has_block(w, now, planned_, true)) return keeper_.pause(w);
        watch_keeper::request_pause(w, now, this_thread_number());
        bell_.ring();
        ++waiting_;
        changed_.wait(hold, [&] { return !w.end_requested; });
        --waiting_;
    }

    void resume(watch& w)
    {
        std::unique_lock hold{mutex_};
        if (!w.is_in<phases::paused>()) return;
        keeper_.resume(w);
        look_at(w, w.beat_deadline.next_look(clock::now()));
    }

    [[nodiscard]] bool is_paused(watch const& w)
    {
        std::lock_guard const hold{mutex_};
        return w.is_in<phases::paused>();
    }

    /// The context goes: from here on nothing is posted to it, and no executor of it is kept.
    void detach(void const* context)
    {
        std::unique_lock hold{mutex_};
        time_point const now = clock::now();
        for (auto const& w : watches_) {
            if (w->is_in<phases::over>() || w->how.context != context) continue;
            keeper_.context_gone(*w, now, planned_);
            w->target.reset();
            w->by_courier = nullptr;
        }
        changed_.notify_all();
        couriers_.context_gone(context, hold);
    }

    /// Before a fork; after it the mutex is to be unlocked.
    void lock_for_fork()
    {
        std::unique_lock hold{mutex_};
        couriers_.wait_for_calls(hold);
        static_cast<void>(hold.release());
    }

private:
    /// Whoever ends a guard may destroy the loop next: so a call under way should be over. But one that waits may do so
    /// for this very thread.
    static void let_go_of_loop(watch& w, std::unique_lock<std::mutex>& hold)
    {
        w.target.reset();
        courier* const c = std::exchange(w.by_courier, nullptr);
        if (c == nullptr) return;
        c->leave();
        bool const in_loop = w.threads.seen() && w.threads.contain(this_thread_number());
        c->finish(hold, in_loop ? couriers::patience_in_loop : couriers::patience);
    }

    /// A watchdog that wakes in time anyhow need not be told. From here on it is late if it does not wake by then, also
    /// if the process is stopped before it has heard.
    void look_at(watch&, time_point at)
    {
        if (planned_ <= at) return;
        planned_ = at;
        bell_.ring();
    }

    /// One round over all watches. Returns when the next is due.
    time_point round()
    {
        std::lock_guard const hold{mutex_};
        time_point const now = clock::now();
        time_point next = time_point::max();
        for (auto const& w : watches_)
            if (!w->is_in<phases::over>()) next = std::min(next, step(*w, now));
        std::size_t const before = watches_.size();
        remove_if(watches_, [](auto const& w) { return w->template is_in<phases::over>(); });
        ++rounds_;
        if (watches_.size() < before || waiting_ > 0) changed_.notify_all();
        planned_ = next;
        return next;
    }

    time_point step(watch& w, time_point now) noexcept
    {
        try {
            return keeper_.step(w, now, planned_);
        } catch (...) {
            return now + w.timing.period;  // out of memory: what it was about to do it does the next time
        }
    }

    std::mutex mutex_;
    doorbell bell_;
    couriers couriers_{mutex_, bell_, changed_};
    process_threads threads_;
    process_host host_;
    watch_keeper keeper_{threads_, host_};
    std::condition_variable changed_;  // a watch is over, or a courier has returned
    many<shared<watch>> watches_;
    std::uint64_t rounds_{0};
    unsigned waiting_{0};                    // threads, for the next round
    time_point planned_{time_point::max()};  // when this thread means to wake next
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
