// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

#if LOOPWATCH_HAS_LINUX()
#include <cerrno>
#include <climits>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#if LOOPWATCH_HAS_UNWINDER()
#include "system_call.hpp"
#endif
#else
#include <condition_variable>
#include <mutex>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Wakes the watchdog, from any thread. Waits end at a time point of the monotonic clock.
///
/// On Linux it is a futex and not a condition variable: a loop that rings it takes no lock that the watchdog could hold
/// (one atomic addition and one system call), and waits are as precise as the kernel's.
class doorbell {
public:
    using count = std::uint32_t;

    /// One that may ring, so that the watchdog knows whom to look at.
    class caller {
    public:
        caller() = default;
        caller(caller const&) = delete;
        caller& operator=(caller const&) = delete;

        void* of{nullptr};  // the watchdog's own note: whom to look at, under its mutex

    protected:
        ~caller() = default;

    private:
        friend doorbell;
        std::atomic<bool> waits_{false};  // is in the list
        caller* next_{nullptr};
    };

    /// Says who is going to ring. False: it has done so before, and was not heard yet. Takes no lock. Until it is heard
    /// the caller must live.
    bool announce(caller& by) noexcept
    {
        if (by.waits_.exchange(true, std::memory_order_acq_rel)) return false;
        by.next_ = callers_.load(std::memory_order_relaxed);
        while (!callers_.compare_exchange_weak(by.next_, &by, std::memory_order_release, std::memory_order_relaxed)) {
        }
        return true;
    }

    /// Calls hear(caller) for all that have announced themselves. What a caller did before it did is seen there.
    template <typename Hear>
    void hear_callers(Hear const& hear) noexcept
    {
        if (callers_.load(std::memory_order_relaxed) == nullptr) return;
        for (caller* each = callers_.exchange(nullptr, std::memory_order_acquire); each != nullptr;) {
            caller& heard = *each;
            each = heard.next_;
            heard.waits_.exchange(false, std::memory_order_acq_rel);
            hear(heard);
        }
    }

    /// Read it before looking for work, and pass it to wait_until(), which returns at once if it was rung since.
#if LOOPWATCH_HAS_LINUX()
    [[nodiscard]] count rung() const noexcept { return __atomic_load_n(&rung_, __ATOMIC_ACQUIRE); }
#else
    [[nodiscard]] count rung() const noexcept { return rung_.load(std::memory_order_acquire); }
#endif

#if LOOPWATCH_HAS_LINUX()
    void ring() noexcept
    {
        __atomic_fetch_add(&rung_, 1, __ATOMIC_RELEASE);
#if LOOPWATCH_HAS_UNWINDER()
        system_call(SYS_futex, reinterpret_cast<long>(&rung_), FUTEX_WAKE_PRIVATE, INT_MAX);
#else
        int const kept = errno;
        ::syscall(SYS_futex, &rung_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
        errno = kept;
#endif
    }

    void wait_until(count seen, time_point until) noexcept
    {
        // FUTEX_WAIT_BITSET, unlike FUTEX_WAIT, takes an absolute time, by default on CLOCK_MONOTONIC (futex(2)).
        auto const ns = until.time_since_epoch().count();
        timespec at{};
        at.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
        at.tv_nsec = static_cast<long>(ns % 1'000'000'000);
        ::syscall(SYS_futex, &rung_, FUTEX_WAIT_BITSET_PRIVATE, seen, until == time_point::max() ? nullptr : &at,
                  nullptr, FUTEX_BITSET_MATCH_ANY);
    }

private:
    // Not a std::atomic: without optimization its members are function calls, and sanitizers instrument them.
    std::uint32_t rung_{0};
    std::atomic<caller*> callers_{nullptr};
#else
    void ring() noexcept
    {
        {
            std::lock_guard const hold{mutex_};
            rung_.fetch_add(1, std::memory_order_release);
        }
        ringing_.notify_all();
    }

    void wait_until(count seen, time_point until) noexcept
    {
        std::unique_lock hold{mutex_};
        auto const answered = [&] { return rung() != seen; };
        if (until == time_point::max())
            ringing_.wait(hold, answered);
        else
            ringing_.wait_until(hold, until, answered);
    }

private:
    std::atomic<count> rung_{0};
    std::atomic<caller*> callers_{nullptr};
    std::mutex mutex_;
    std::condition_variable ringing_;
#endif
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
