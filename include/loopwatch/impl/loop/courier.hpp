// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/heartbeat.hpp"
#include "../../detail/loop.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../platform/doorbell.hpp"
#include "../platform/polite_mutex.hpp"
#include "../platform/thread.hpp"
#include "pulse.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The result of one request to a courier.
struct call_result {
    time_point asked_at{};  // before stopped() was called
    bool stopped{false};
    bool to_post{false};          // the request was to post a heartbeat unless the loop is stopped
    maybe<time_point> posted_at;  // when post() returned; empty if it was not called, or threw
};

/// Calls post() and stopped() of an executor that may be the user's own code, on its own thread and under no mutex of
/// ours: they may wait for room in a queue, or for a lock that is held where a guard ends. A courier serves one watch
/// at a time, so a call that waits delays no other watch.
///
/// All functions except run() are called under the watchdog's mutex.
class courier {
public:
    /// `changed` is notified when a call has returned, and when a loop has been released.
    courier(polite_mutex& mutex, std::condition_variable_any& changed) : mutex_{mutex}, changed_{changed} {}
    courier(courier const&) = delete;
    courier& operator=(courier const&) = delete;
    ~courier() = default;

    /// The courier's thread, which lives as long as the process.
    [[noreturn]] void run()
    {
        wake_this_thread_on_time();
        std::unique_lock hold{mutex_};
        number_ = this_thread_number();
        for (;;) {
            if (pending_ == request::none) {
                auto const seen = bell_.rung();
                hold.unlock();
                bell_.wait_until(seen, time_point::max());
                hold.lock();
                continue;
            }
            bool const to_post = std::exchange(pending_, request::none) == request::post;
            hold.unlock();
            call_result const found = call(to_post);
            hold.lock();
            result_ = found;
            if (cancelled_)
                release_client(hold);
            else
                client_->beats->call_watchdog();
            busy_ = false;
            changed_.notify_all();
        }
    }

    /// Whether it serves no watch.
    [[nodiscard]] bool free() const { return !client_; }
    [[nodiscard]] thread_number number() const { return number_; }

    void serve(shared<loop> target, pulse_ref beats, void const* context)
    {
        client_ = make_owned<client>(std::move(target), std::move(beats), context);
        cancelled_ = false;
        result_.reset();
    }

    /// Starts a request: post() posts a heartbeat unless the loop is stopped, ask() only calls stopped(). Not while
    /// busy().
    void post() { go(request::post); }
    void ask() { go(request::ask); }

    /// A call is under way, or about to be made.
    [[nodiscard]] bool busy() const { return busy_; }
    [[nodiscard]] maybe<call_result> take_result() { return std::exchange(result_, nothing); }

    /// Ends the service. From now on nothing is posted, except by a call that is already under way.
    void leave()
    {
        cancelled_ = true;
        if (pending_ == request::none) return;
        pending_ = request::none;  // not begun yet
        busy_ = false;
    }

    /// After leave(): waits for a call that is under way, then releases the loop. Only time in which the courier's
    /// thread sleeps counts against `patience`: while it runs, or waits for a CPU, the call will return. False: the
    /// call is still under way, and the courier releases the loop when it returns.
    bool finish(std::unique_lock<polite_mutex>& hold, nanoseconds patience)
    {
        constexpr nanoseconds slice = std::chrono::milliseconds{10};
        if (!client_) return true;
        auto const before = released_;
        while (before == released_ && busy_ && patience.count() > 0) {
            time_point const from = clock::now();
            changed_.wait_for(hold, slice);
            // At most a slice, however long the wait took: the process may have been stopped.
            if (is_asleep(number_)) patience -= std::min<nanoseconds>(clock::now() - from, slice);
        }
        if (before != released_) return true;
        if (busy_) return false;
        busy_ = true;
        release_client(hold);
        busy_ = false;
        changed_.notify_all();
        return true;
    }

    /// Whether it holds an executor of this context.
    [[nodiscard]] bool serves(void const* context) const { return client_ && client_->context == context; }

private:
    enum class request : std::uint8_t { none, ask, post };

    struct client {
        shared<loop> target;
        pulse_ref beats;
        void const* context;
    };

    void go(request what)
    {
        pending_ = what;
        busy_ = true;
        bell_.ring();
    }

    /// Runs without a mutex: no other thread touches the client while busy.
    call_result call(bool to_post) noexcept
    {
        client const& to = *client_;  // NOLINT(bugprone-unchecked-optional-access): a request implies a client
        call_result found{
            .asked_at = clock::now(), .stopped = to.target->stopped(), .to_post = to_post, .posted_at = {}};
        if (!to_post || found.stopped) return found;
        to.beats->send();
        try {
            to.target->post(to.beats);
            found.posted_at = clock::now();
        } catch (...) {
            // Out of memory, or an empty executor: nothing is queued, so nothing can be late.
            to.beats->unsend();
        }
        return found;
    }

    /// Without the mutex: the executor's destructor may be the user's code, too.
    void release_client(std::unique_lock<polite_mutex>& hold)
    {
        hold.unlock();
        client_->target.reset();  // NOLINT(bugprone-unchecked-optional-access): as in call()
        hold.lock();
        client_.reset();
        ++released_;
    }

    polite_mutex& mutex_;
    std::condition_variable_any& changed_;
    doorbell bell_;
    thread_number number_{0};
    owned<client> client_;
    std::uint64_t released_{0};  // how many clients were released
    request pending_{request::none};
    bool busy_{false};
    bool cancelled_{false};
    maybe<call_result> result_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
