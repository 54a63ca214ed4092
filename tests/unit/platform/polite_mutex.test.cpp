// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/platform/polite_mutex.hpp>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

using namespace loopwatch::detail;

TEST_CASE("who waits for a polite mutex gets it, though the busy thread never sleeps", "[polite_mutex]")
{
    polite_mutex mutex;
    std::atomic<bool> end{false};
    int shared_by_all = 0;
    std::thread busy{[&] {
        while (!end) {
            mutex.give_way();
            mutex.lock_busy();
            std::lock_guard const hold{mutex, std::adopt_lock};
            ++shared_by_all;
        }
    }};
    constexpr int turns = 500;
    std::vector<std::thread> others;
    for (int t = 0; t < 3; ++t)
        others.emplace_back([&] {
            for (int i = 0; i < turns; ++i) {
                std::lock_guard const hold{mutex};
                ++shared_by_all;
            }
        });
    for (auto& each : others) each.join();
    end = true;
    busy.join();
    CHECK(shared_by_all >= 3 * turns);
}

TEST_CASE("the busy thread gives way for a short time only", "[polite_mutex]")
{
    polite_mutex mutex;
    mutex.give_way();  // nobody waits
    mutex.lock_busy();
    std::atomic<bool> got_it{false};
    std::thread other{[&] {
        std::lock_guard const hold{mutex};
        got_it = true;
    }};
    for (int i = 0; i < 1000; ++i) mutex.give_way();  // it can't have it yet
    CHECK_FALSE(got_it);
    mutex.unlock();
    other.join();
    CHECK(got_it);
}
