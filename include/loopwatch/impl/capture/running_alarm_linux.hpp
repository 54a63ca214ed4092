// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../evidence/run_time_linux.hpp"
#include "../platform/thread.hpp"

#include <chrono>
#include <cstdint>
#include <ctime>

#include <sys/syscall.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Sends a thread a signal when it next runs, and never while it sleeps: a timer on the thread's CPU-time clock, which
/// the kernel checks at its ticks, every 1 to 10 ms, only while that thread runs. So no system call is interrupted, and
/// it need not be known what the thread does. By system calls, because libc's timers allocate. The child of a fork does
/// not inherit timers.
class running_alarm {
public:
    running_alarm() = default;
    ~running_alarm() { end(); }
    running_alarm(running_alarm const&) = delete;
    running_alarm& operator=(running_alarm const&) = delete;

    void set(thread_number thread, int signal)
    {
        end();
        thread_ = thread;
        ran_before_ = run_time_of(thread);
        constexpr int to_thread = 4;  // SIGEV_THREAD_ID
        // The kernel's sigevent: not every libc's has a name for the member that is the thread.
        struct {
            std::uint64_t value;
            int signal, notify, thread;
            fixed<int, 11> rest;
        } event{0, signal, to_thread, static_cast<int>(thread), {}};
        static_assert(sizeof event == 64);
        if (::syscall(SYS_timer_create, run_clock_of(thread), &event, &timer_) != 0) {
            timer_ = none;
            return;
        }
        itimerspec soon{};
        soon.it_value.tv_nsec = 1;
        if (::syscall(SYS_timer_settime, timer_, 0, &soon, nullptr) != 0) end();
    }
    [[nodiscard]] bool is_set() const { return timer_ != none; }

    /// Whether the thread has run for so long since set() that it must have been sent the signal.
    [[nodiscard]] bool is_overdue() const
    {
        constexpr nanoseconds two_ticks = std::chrono::milliseconds{20};
        auto const ran = run_time_of(thread_);
        return ran && ran_before_ && *ran - *ran_before_ > two_ticks;
    }

    void end()
    {
        if (timer_ != none) ::syscall(SYS_timer_delete, timer_);
        timer_ = none;
    }

private:
    static constexpr int none = -1;

    thread_number thread_{0};
    maybe<nanoseconds> ran_before_;
    int timer_{none};  // the kernel's number
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
