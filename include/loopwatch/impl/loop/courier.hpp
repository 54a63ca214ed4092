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

/// What a courier found out.
struct call_result {
    time_point asked_at{};  // before stopped() was called
    bool stopped{false};
    bool to_post{false};          // a heartbeat was to be posted, unless it is stopped
    maybe<time_point> posted_at;  // after post() has returned; nothing if it was not called, or threw
};

/// Calls post() and stopped() of a loop where they may be the user's own code, on a thread of its own and under no
/// mutex of ours: they may wait for room in a queue, or for a lock under which a guard ends. It serves one watch at a
/// time, so whoever waits keeps nobody else from being watched.
///
/// All but run() is called under the watchdog's mutex.
class courier {
public:
    /// `changed` is notified when the courier has returned, and when it has let go of a loop.
    courier(std::mutex& mutex, doorbell& watchdog, std::condition_variable& changed)
        : mutex_{mutex}, watchdog_{watchdog}, changed_{changed}
    {
    }
    courier(courier const&) = delete;
    courier& operator=(courier const&) = delete;
    ~courier() = default;

    /// On a thread that ends with the process.
    [[noreturn]] void run()
    {
        wake_this_thread_on_time();
        std::unique_lock hold{mutex_};
        number_ = this_thread_number();
        for (;;) {
            if (errand_ == errand::none) {
                auto const seen = bell_.rung();
                hold.unlock();
                bell_.wait_until(seen, time_point::max());
                hold.lock();
                continue;
            }
            bool const to_post = std::exchange(errand_, errand::none) == errand::post;
            hold.unlock();
            call_result const found = call(to_post);
            hold.lock();
            result_ = found;
            if (left_) let_go(hold);
            busy_ = false;
            changed_.notify_all();
            watchdog_.ring();
        }
    }

    /// Whether it serves nobody.
    [[nodiscard]] bool free() const { return !line_; }
    [[nodiscard]] thread_number number() const { return number_; }

    void serve(shared<loop> target, pulse_ref beats, void const* context)
    {
        line_ = make_owned<line>(std::move(target), std::move(beats), context);
        left_ = false;
        result_.reset();
    }

    /// Sends it: to post a heartbeat unless the loop is stopped, or only to ask whether it is. Unless busy().
    void post() { go(errand::post); }
    void ask() { go(errand::ask); }

    /// A call is under way, or about to be made.
    [[nodiscard]] bool busy() const { return busy_; }
    [[nodiscard]] maybe<call_result> take_result() { return std::exchange(result_, nothing); }

    /// The watch is over. From now on nothing is posted, but by a call that is under way.
    void leave()
    {
        left_ = true;
        if (errand_ == errand::none) return;
        errand_ = errand::none;  // not even begun
        busy_ = false;
    }

    /// After leave(): waits for a call that is under way, and lets go of the loop. As long as the courier runs, or
    /// waits for a CPU, it will be back; once it sleeps, for so long at most. False if it is still under way: the
    /// courier will let go of it.
    bool finish(std::unique_lock<std::mutex>& hold, nanoseconds patience)
    {
        constexpr nanoseconds slice = std::chrono::milliseconds{10};
        if (!line_) return true;
        auto const before = lines_;
        while (before == lines_ && busy_ && patience.count() > 0) {
            time_point const from = clock::now();
            changed_.wait_for(hold, slice);
            // However long it took: the process may have been stopped.
            if (is_asleep(number_)) patience -= std::min<nanoseconds>(clock::now() - from, slice);
        }
        if (before != lines_) return true;
        if (busy_) return false;
        busy_ = true;
        let_go(hold);
        busy_ = false;
        changed_.notify_all();
        return true;
    }

    /// Whether it holds an executor of this context.
    [[nodiscard]] bool serves(void const* context) const { return line_ && line_->context == context; }

private:
    enum class errand : std::uint8_t { none, ask, post };

    struct line {
        shared<loop> target;
        pulse_ref beats;
        void const* context;
    };

    void go(errand what)
    {
        errand_ = what;
        busy_ = true;
        bell_.ring();
    }

    /// Under no mutex: nobody else touches the line while it is busy.
    call_result call(bool to_post) noexcept
    {
        line const& to = *line_;  // NOLINT(bugprone-unchecked-optional-access): whoever has an errand serves one
        call_result found{
            .asked_at = clock::now(), .stopped = to.target->stopped(), .to_post = to_post, .posted_at = {}};
        if (!to_post || found.stopped) return found;
        to.beats->send();
        try {
            to.target->post(to.beats);
            found.posted_at = clock::now();
        } catch (...) {
            // Out of memory, or an executor that has none: nothing is queued, nothing can be late.
            to.beats->unsend();
        }
        return found;
    }

    /// The executor's destructor is the user's code, too.
    void let_go(std::unique_lock<std::mutex>& hold)
    {
        hold.unlock();
        line_->target.reset();  // NOLINT(bugprone-unchecked-optional-access): as in call()
        hold.lock();
        line_.reset();
        ++lines_;
    }

    std::mutex& mutex_;
    doorbell& watchdog_;
    std::condition_variable& changed_;
    doorbell bell_;
    thread_number number_{0};
    owned<line> line_;
    std::uint64_t lines_{0};  // that it has let go of
    errand errand_{errand::none};
    bool busy_{false};
    bool left_{false};
    maybe<call_result> result_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
