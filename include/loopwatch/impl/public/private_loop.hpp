// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A minimal loop that can be watched, on a thread of its own. It needs no Asio.
class private_loop {
public:
    class executor_type {
    public:
        explicit executor_type(private_loop& loop) : loop_{&loop} {}

        template <typename Handler>
        friend void post(executor_type const& to, Handler&& handler)
        {
            to.loop_->take(std::forward<Handler>(handler));
        }
        template <typename Handler>
        friend void dispatch(executor_type const& to, Handler&& handler)
        {
            to.loop_->take(std::forward<Handler>(handler));
        }

    private:
        private_loop* loop_;
    };

    private_loop() : thread_{[this] { serve(); }} {}  // no std::jthread, for want of it in libc++ 19
    private_loop(private_loop const&) = delete;
    private_loop& operator=(private_loop const&) = delete;
    ~private_loop()
    {
        {
            std::lock_guard const hold{mutex_};
            ending_ = true;
        }
        there_is_work_.notify_one();
        thread_.join();
    }

    [[nodiscard]] executor_type get_executor() { return executor_type{*this}; }

    /// Queues a handler.
    void add(std::function<void()> handler)
    {
        {
            std::lock_guard const hold{mutex_};
            handlers_.push_back(std::move(handler));
        }
        there_is_work_.notify_one();
    }

    /// Queues a handler that can't be copied, as a heartbeat: std::function needs a copyable one.
    template <typename Handler>
    void take(Handler&& handler)
    {
        add([owned = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler))] { (*owned)(); });
    }

    /// Runs `work` on the loop, and waits until it has returned.
    void run(std::function<void()> const& work)
    {
        std::promise<void> done;
        add([&] {
            work();
            done.set_value();
        });
        done.get_future().wait();
    }

    /// Lets the loop run for this long, and until its queue is empty.
    void run_through(nanoseconds time)
    {
        std::this_thread::sleep_for(time);
        run([] {});
    }

private:
    void serve()
    {
        std::unique_lock hold{mutex_};
        for (;;) {
            while (handlers_.empty() && !ending_) there_is_work_.wait(hold);
            if (handlers_.empty()) return;
            auto const handler = std::move(handlers_.front());
            handlers_.pop_front();
            hold.unlock();
            handler();
            hold.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable there_is_work_;
    std::deque<std::function<void()>> handlers_;
    bool ending_{false};
    std::thread thread_;  // last, as it uses the other members
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
