// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A mutex that one thread, the busy one, takes again and again for a few microseconds each, and others now and then.
/// std::mutex is not fair: the busy thread would have it again before another has woken, for as long as it is busy. So
/// who waits says so, and the busy one gives way.
class polite_mutex {
public:
    /// For all but the busy thread. It waits for a few microseconds only, mostly: so it looks for them before it
    /// sleeps, for to be woken takes longer.
    void lock()
    {
        if (mutex_.try_lock()) return;
        wishes_.fetch_add(1, std::memory_order_relaxed);
        constexpr nanoseconds awake = std::chrono::microseconds{50};
        time_point const until = clock::now() + awake;
        bool held = false;
        while (!(held = mutex_.try_lock()) && clock::now() < until) continue;
        if (!held) mutex_.lock();
        wishes_.fetch_sub(1, std::memory_order_relaxed);
    }
    void unlock() { mutex_.unlock(); }

    // --- the busy thread ---

    void lock_busy() { mutex_.lock(); }

    /// Between unlock() and lock_busy(): lets those have it who wait. For a short time only: on a busy machine they may
    /// have to wait for a CPU, and the busy thread must be on time.
    void give_way()
    {
        if (wishes_.load(std::memory_order_relaxed) == 0) return;
        constexpr nanoseconds awake = std::chrono::microseconds{10};  // enough for one that runs
        constexpr nanoseconds nap = std::chrono::microseconds{20};
        constexpr nanoseconds patience = std::chrono::microseconds{150};
        constexpr nanoseconds in_vain = std::chrono::milliseconds{1};
        time_point const began = clock::now();
        if (began < not_before_) return;
        time_point now = began;
        while (wishes_.load(std::memory_order_relaxed) != 0 && now - began < patience) {
            if (now - began >= awake) std::this_thread::sleep_for(nap);
            now = clock::now();
        }
        if (now - began >= patience) not_before_ = now + in_vain;
    }

private:
    std::mutex mutex_;
    std::atomic<int> wishes_{0};
    time_point not_before_{};  // the busy thread's own
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
