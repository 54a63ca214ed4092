// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>

/// A loop of the user's own, not Asio's, with a queue of so many places: who posts waits for room.
class bounded_loop {
public:
    struct executor_type {
        bounded_loop* of;
        [[nodiscard]] bounded_loop& context() const { return *of; }
        template <typename Handler>
        friend void post(executor_type const& e, Handler&& handler)
        {
            auto const owned = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
            e.of->put([owned] { (*owned)(); }, true);
        }
        template <typename Handler>
        friend void dispatch(executor_type const& e, Handler&& handler)
        {
            post(e, std::forward<Handler>(handler));
        }
    };

    bounded_loop() = default;
    bounded_loop(bounded_loop const&) = delete;
    bounded_loop& operator=(bounded_loop const&) = delete;
    ~bounded_loop()
    {
        stop();
        if (thread_.joinable()) thread_.join();
        while (inside_ > 0) std::this_thread::yield();  // those who waited for room
    }

    [[nodiscard]] executor_type get_executor() { return {this}; }

    void start()
    {
        thread_ = std::thread{[this] { run(); }};
    }
    void put(std::function<void()> f, bool is_beat = false)
    {
        ++inside_;
        {
            std::unique_lock hold{mutex_};
            ++waiting_;
            changed_.wait(hold, [&] { return queue_.size() < places || stopped_; });
            --waiting_;
            queue_.push_back({std::move(f), is_beat});
        }
        changed_.notify_all();
        --inside_;
    }
    /// Fills the queue, unless a heartbeat is in it already.
    bool fill()
    {
        std::lock_guard const hold{mutex_};
        for (auto const& each : queue_)
            if (each.is_beat) return false;
        while (queue_.size() < places) queue_.push_back({[] {}, false});
        return true;
    }
    [[nodiscard]] int waiting() const { return waiting_; }
    [[nodiscard]] bool stopped()
    {
        std::lock_guard const hold{mutex_};
        return stopped_;
    }
    void stop()
    {
        std::lock_guard const hold{mutex_};
        stopped_ = true;
        changed_.notify_all();
    }

private:
    static constexpr std::size_t places = 4;
    struct item {
        std::function<void()> work;
        bool is_beat;
    };

    void run()
    {
        for (;;) {
            std::unique_lock hold{mutex_};
            changed_.wait(hold, [&] { return !queue_.empty() || stopped_; });
            if (stopped_) return;
            auto const next = std::move(queue_.front());
            queue_.pop_front();
            hold.unlock();
            changed_.notify_all();
            next.work();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<item> queue_;
    std::atomic<int> waiting_{0};
    std::atomic<int> inside_{0};
    bool stopped_{false};
    std::thread thread_;
};
