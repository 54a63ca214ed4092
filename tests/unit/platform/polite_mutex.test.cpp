// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/platform/polite_mutex.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#if LOOPWATCH_HAS_LINUX()
#include <sys/resource.h>
#endif

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

#if LOOPWATCH_HAS_LINUX()

namespace {

/// How often this thread has slept.
long naps()
{
    rusage used{};
    ::getrusage(RUSAGE_THREAD, &used);
    return used.ru_nvcsw;
}

/// Whether it slept for somebody who waits.
bool gives_way(polite_mutex& mutex)
{
    long const before = naps();
    mutex.give_way();
    return naps() != before;
}

}  // namespace

TEST_CASE("the busy thread gives way to who waits, for a short time only", "[polite_mutex]")
{
    polite_mutex mutex;
    CHECK_FALSE(gives_way(mutex));  // nobody waits
    mutex.lock_busy();
    std::atomic<bool> got_it{false};
    std::thread other{[&] {
        std::lock_guard const hold{mutex};
        got_it = true;
    }};
    auto const end = clock::now() + std::chrono::seconds{60};
    bool given = false;
    while (!given && clock::now() < end) given = gives_way(mutex);
    CHECK(given);
    CHECK_FALSE(got_it);  // it can't have it yet

    // For a millisecond after it was in vain it is not tried again. Where the machine took that long, once more.
    for (auto before = clock::now(); given;) {
        before = clock::now();
        if (!gives_way(mutex)) continue;
        bool const again = gives_way(mutex);
        if (clock::now() > before + std::chrono::milliseconds{1}) continue;
        CHECK_FALSE(again);
        break;
    }
    CHECK_FALSE(got_it);
    mutex.unlock();
    other.join();
    CHECK(got_it);
    bool for_nobody = false;
    // Until it would be tried again.
    for (auto const until = clock::now() + std::chrono::milliseconds{2}; clock::now() < until;)
        for_nobody = gives_way(mutex) || for_nobody;
    CHECK_FALSE(for_nobody);
}

#endif
