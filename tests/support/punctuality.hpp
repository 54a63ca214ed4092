// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "stall.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include <loopwatch/impl/platform/doorbell.hpp>
#include <loopwatch/impl/platform/thread.hpp>

/// How late this machine wakes a thread, measured all the while by one that wakes as the watchdog does. What a test
/// may expect of a watchdog is what the same machine did for this thread at the same time.
class punctuality {
public:
    punctuality() : sleeper_{[this] { measure(); }} {}
    ~punctuality()
    {
        stop_ = true;
        sleeper_.join();
    }

    /// Twice the worst so far, for a scheduler may treat one thread worse than another. Ends the measurement.
    nanoseconds worst_lateness()
    {
        stop_ = true;
        while (!done_) std::this_thread::yield();
        return 2 * worst_ + 4ms;
    }

private:
    void measure()
    {
        loopwatch::detail::wake_this_thread_on_time();
        loopwatch::detail::doorbell never;
        while (!stop_) {
            auto const due = test_clock::now() + 500us;
            never.wait_until(never.rung(), due);
            worst_ = std::max<nanoseconds>(worst_, test_clock::now() - due);
        }
        done_ = true;
    }

    std::atomic<bool> stop_{false};
    std::atomic<bool> done_{false};
    nanoseconds worst_{0};
    std::thread sleeper_;
};
