// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/heartbeat.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../capture/capture.hpp"
#include "../capture/thread_access.hpp"
#include "../exact/exact.hpp"
#include "../loop/couriers.hpp"
#include "../loop/pulse.hpp"
#include "../platform/doorbell.hpp"
#include "../platform/polite_mutex.hpp"
#include "../platform/stack_bounds.hpp"
#include "../platform/thread.hpp"
#include "../report/reporter.hpp"
#include "busy_loops.hpp"
#include "next_look.hpp"
#include "process_host.hpp"
#include "sending.hpp"
#include "watch.hpp"
#include "watch_keeper.hpp"
#include "watch_phase.hpp"
#include "watch_queue.hpp"

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
///
/// It looks at one watch at a time, at the one that is due first, and holds the mutex for that look alone: who begins
/// or ends a guard waits for one look, however many loops are watched.
class watchdog {
public:
    explicit watchdog(reporter& to) : host_{to, couriers_} {}

    [[nodiscard]] doorbell& bell() { return bell_; }
    [[nodiscard]] polite_mutex& mutex() { return mutex_; }

    /// On the watchdog's own thread, before run().
    void prepare()
    {
        wake_this_thread_on_time();
        handler_delays::leave_out_this_thread();
        prepare_capture();
    }

    [[noreturn]] void run()
    {
        for (;;) {
            doorbell::count const seen = bell_.rung();
            bell_.wait_until(seen, look_at_all_due());
            busy_.wake();
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
            if (w->exact) host_.handlers().begin(bell_);
            busy_.begin_watch(queue_, *w, host_.handlers());
            queue_.add(w, {});
        } catch (...) {
            let_go_of_loop(*w, hold);
            throw;
        }
        w->beats->of = w.get();
        note_sent(*w, clock::now(), host_);
        keeper_.catch_up(*w, clock::now(), planned_);
        if (!w->heartbeat && !w->exact) send_heartbeat(*w, threads_, host_);
        keeper_.begin(*w);
        look_at_changed(*w, w->beat_deadline.next_look(clock::now()));
    }

    /// Hands over every block that has ended until now.
    void settle(watch& w)
    {
        std::unique_lock hold{mutex_};
        time_point const now = clock::now();
        if (!keeper_.has_block(w, now, planned_, false)) return;
        auto const before = w.looks;
        wait_for_look(w, now, hold, [&] { return w.looks != before || w.is_in<phases::over>(); });
    }

    /// Ends the watch. A block under way counts up to now. If there is a block, it waits for the watchdog to look, and
    /// to hand over what there is.
    void remove(watch& w)
    {
        std::unique_lock hold{mutex_};
        if (w.is_in<phases::over>()) return;
        busy_.end_watch(queue_, w);
        time_point const now = clock::now();
        if (keeper_.has_block(w, now, planned_, true)) {
            watch_keeper::request_end(w, now, this_thread_number());
            wait_for_look(w, now, hold, [&] { return w.is_in<phases::over>(); });
        } else {
            keeper_.end(w);
            forget(w);
        }
        let_go_of_loop(w, hold);
    }

    /// Other times hold for it from now on. Microseconds.
    void change(watch& w, heartbeat_timing to)
    {
        std::lock_guard const hold{mutex_};
        if (w.is_in<phases::over>()) return;
        keeper_.change(w, to, clock::now(), planned_);
        look_at_changed(w, clock::now());
    }

    /// Turns it off until resume(). Like the end of a guard: a block under way counts up to now, and then it waits for
    /// the watchdog.
    void pause(watch& w)
    {
        std::unique_lock hold{mutex_};
        if (w.is_in<phases::over>() || w.is_in<phases::paused>()) return;
        busy_.end_watch(queue_, w);
        time_point const now = clock::now();
        if (!w.end_requested && !keeper_.has_block(w, now, planned_, true)) {
            keeper_.pause(w);
            return queue_.move(w, {});
        }
        watch_keeper::request_pause(w, now, this_thread_number());
        wait_for_look(w, now, hold, [&] { return !w.end_requested; });
    }

    void resume(watch& w)
    {
        std::lock_guard const hold{mutex_};
        if (!w.is_in<phases::paused>()) return;
        busy_.begin_watch(queue_, w, host_.handlers());
        keeper_.resume(w);
        look_at_changed(w, w.beat_deadline.next_look(clock::now()));
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
        while (watch* const one = queue_.of(context)) {
            shared<watch> const w{one};
            busy_.end_watch(queue_, *w);
            keeper_.context_gone(*w, now, planned_);
            w->target.reset();
            w->by_courier = nullptr;
            forget(*w);
        }
        couriers_.context_gone(context, hold);
    }

    /// How many so far, at all watches.
    [[nodiscard]] std::uint64_t looks()
    {
        std::lock_guard const hold{mutex_};
        return looks_;
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
    static void let_go_of_loop(watch& w, std::unique_lock<polite_mutex>& hold)
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
    void look_at(watch& w, time_point at)
    {
        queue_.hasten(w, at);
        if (planned_ <= at) return;
        planned_ = at;
        bell_.ring();
    }

    /// It is new, or another than before.
    void look_at_changed(watch& w, time_point at)
    {
        if (w.exact) busy_.look_soon();
        look_at(w, w.exact ? clock::now() : at);
    }

    /// Has the watchdog look at it, and waits until `done`.
    template <typename Done>
    void wait_for_look(watch& w, time_point now, std::unique_lock<polite_mutex>& hold, Done const& done)
    {
        ++w.awaited;
        look_at(w, now);
        changed_.wait(hold, done);
        --w.awaited;
    }

    /// It is over.
    void forget(watch& w)
    {
        w.beats->of = nullptr;
        queue_.remove(w);
        if (w.awaited > 0) changed_.notify_all();
    }

    /// Returns when the next is due.
    time_point look_at_all_due()
    {
        for (;;) {
            mutex_.give_way();
            mutex_.lock_busy();
            std::unique_lock const hold{mutex_, std::adopt_lock};
            hear_callers();
            time_point const now = clock::now();
            if (busy_.is_due(now)) planned_ = std::min(planned_, busy_.look(queue_, now, host_, threads_));
            excuse_absence(now);
            watch* const due = queue_.due(now);
            if (due == nullptr) return planned_ = std::min(queue_.next(), busy_.next_look(now, host_.handlers()));
            planned_ = now;  // that it is late for others, because it is busy, is no reason to excuse anything
            look(shared<watch>{due}, now);
        }
    }

    void hear_callers()
    {
        bell_.hear_callers([&](doorbell::caller& by) {
            if (by.of != nullptr) queue_.hasten(*static_cast<watch*>(by.of), time_point{});
            release(static_cast<pulse&>(by));  // which the list has held
        });
    }

    /// The watchdog itself did not run: the machine, or the process, stood still.
    void excuse_absence(time_point now)
    {
        if (planned_ == time_point::max() || now - planned_ <= heartbeat_timing::least_tolerance) return;
        queue_.for_each([&](watch& w) {
            excuse_delay(w, now, planned_);
            for (shared<watch> const& lane : w.lanes()) excuse_delay(*lane, now, planned_);
        });
    }

    void look(shared<watch> const& w, time_point now) noexcept
    {
        time_point next = now + w->timing.period;
        try {
            next = keeper_.step(*w, now, now);
        } catch (...) {  // NOLINT(bugprone-empty-catch)
            // Out of memory: what it was about to do it does the next time.
        }
        ++w->looks;
        ++looks_;
        if (w->is_in<phases::over>()) return forget(*w);
        queue_.move(*w, {next, how_much_sooner(*w, next, now)});
        if (w->awaited > 0) changed_.notify_all();
    }

    polite_mutex mutex_;
    doorbell bell_;
    couriers couriers_{mutex_, changed_};
    process_threads threads_;
    process_host host_;
    watch_keeper keeper_{threads_, host_};
    std::condition_variable_any changed_;  // what somebody waits for, or a courier has returned
    watch_queue<watch> queue_;
    busy_loops busy_;
    std::uint64_t looks_{0};
    time_point planned_{time_point::max()};  // when this thread is to be heard of next: when it means to wake; or,
                                             // while it is busy, since its last look
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
