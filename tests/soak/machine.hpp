// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/stall.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include <malloc.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <loopwatch/impl/platform/doorbell.hpp>
#include <loopwatch/impl/platform/thread.hpp>

// What the machine did meanwhile, measured without the library's judgement: how late it woke a thread, how long it kept
// one from a CPU, and what the process holds.

namespace soak {

using time_point = test_clock::time_point;

/// What the kernel counts of a thread all its life. 0 where it does not.
struct thread_counts {
    nanoseconds cpu_waits{};  ///< it was ready to run and had no CPU
    std::uint64_t turns{};    ///< on a CPU

    static thread_counts in(std::string const& folder)
    {
        std::ifstream in{folder + "/schedstat"};
        std::int64_t ran = 0;
        std::int64_t waited = 0;
        thread_counts c;
        in >> ran >> waited >> c.turns;
        c.cpu_waits = nanoseconds{waited};
        return c;
    }
};
inline nanoseconds cpu_waits_of_this_thread() { return thread_counts::in("/proc/thread-self").cpu_waits; }

/// Calls it with the folder in /proc of each thread of this name.
template <typename Function>
void for_each_thread(std::string const& name, Function function)
{
    std::error_code gone;
    for (auto const& thread : std::filesystem::directory_iterator{"/proc/self/task", gone}) {
        std::ifstream in{thread.path() / "comm"};
        std::string of;
        if (std::getline(in, of) && of == name) function(thread.path().string());
    }
}
inline std::string folder_of_thread(std::string const& name)
{
    std::string found;
    for_each_thread(name, [&](std::string const& folder) { found = folder; });
    return found;
}

/// Whether a thread that does not run sleeps until a time that it has chosen itself, and does not wait for a mutex,
/// whose holder may be kept from a CPU, or for a page.
inline bool sleeps_until_a_time(std::string const& folder)
{
    std::ifstream in{folder + "/syscall"};
    std::string number, word, operation, expected, timeout;
    in >> number >> word >> operation >> expected >> timeout;
    return number != std::to_string(SYS_futex) || timeout != "0x0";
}

/// How late this machine was, as seen by a thread that is to wake each millisecond, as the watchdog does, and for how
/// long it kept the watchdog itself from a CPU, as the kernel tells.
class lateness_log {
public:
    lateness_log() : sleeper_{[this] { measure(); }} {}
    lateness_log(lateness_log const&) = delete;
    lateness_log& operator=(lateness_log const&) = delete;
    ~lateness_log()
    {
        stop_ = true;
        sleeper_.join();
    }

    /// By how much a watchdog may have been late from `from` to `to`: as long as it was kept from running, and twice
    /// the worst that this thread saw, for a scheduler may treat one worse than another, and 1 ms.
    [[nodiscard]] nanoseconds noise(time_point from, time_point to) const
    {
        nanoseconds worst{0};
        nanoseconds waited{0};
        std::lock_guard const hold{mutex_};
        for (moment const& each : bad_) {
            if (each.began_at > to || each.ended_at < from) continue;
            worst = std::max(worst, each.late);
            waited += each.watchdog_waited;
        }
        return waited + 2 * worst + 1ms;
    }

    void forget_before(time_point when)
    {
        std::lock_guard const hold{mutex_};
        while (!bad_.empty() && bad_.front().ended_at < when) bad_.pop_front();
    }

    [[nodiscard]] nanoseconds worst() const { return worst_.load(); }
    [[nodiscard]] nanoseconds watchdog_waited() const { return watchdog_waited_.load(); }

private:
    struct moment {
        time_point began_at{}, ended_at{};
        nanoseconds late{};
        nanoseconds watchdog_waited{};
    };

    void measure()
    {
        loopwatch::detail::wake_this_thread_on_time();
        loopwatch::detail::doorbell never;
        std::string watchdog;
        thread_counts before;
        while (!stop_) {
            auto const began_at = test_clock::now();
            never.wait_until(never.rung(), began_at + 1ms);
            auto const woke_at = test_clock::now();
            moment m{began_at, woke_at, woke_at - began_at - 1ms};
            if (watchdog.empty()) watchdog = folder_of_thread("loopwatch");
            if (!watchdog.empty()) {
                thread_counts const now = thread_counts::in(watchdog);
                m.watchdog_waited = now.cpu_waits - before.cpu_waits;
                // The kernel counts a wait when it is over.
                m.began_at = std::min<time_point>(m.began_at, m.ended_at - m.watchdog_waited);
                if (now.turns == before.turns && !sleeps_until_a_time(watchdog)) m.watchdog_waited = woke_at - began_at;
                before = now;
                watchdog_waited_ = watchdog_waited_.load() + m.watchdog_waited;
            }
            if (m.late > worst_.load()) worst_ = m.late;
            if (m.late < 300us && m.watchdog_waited < 300us) continue;
            std::lock_guard const hold{mutex_};
            bad_.push_back(m);
        }
    }

    mutable std::mutex mutex_;
    std::deque<moment> bad_;
    std::atomic<nanoseconds> worst_{nanoseconds{0}};
    std::atomic<nanoseconds> watchdog_waited_{nanoseconds{0}};
    std::atomic<bool> stop_{false};
    std::thread sleeper_;
};

inline nanoseconds cpu_time_of_this_thread()
{
    timespec at{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return std::chrono::seconds{at.tv_sec} + nanoseconds{at.tv_nsec};
}

/// What the process holds, at a moment at which nothing is under way.
struct holdings {
    std::size_t resident_kib{};
    std::size_t heap_kib{};     // allocated and not freed; 0 with a sanitizer, whose allocator does not tell
    std::size_t descriptors{};  // but for those of /proc/self/task: of these a watchdog keeps a bounded number open
    std::size_t threads{};

    static holdings now()
    {
        ::malloc_trim(0);
        holdings h;
        std::ifstream in{"/proc/self/statm"};
        std::size_t pages = 0;
        in >> pages >> h.resident_kib;
        h.resident_kib *= static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
        h.heap_kib = (::mallinfo2().uordblks + ::mallinfo2().hblkhd) / 1024;
        std::error_code closed;
        std::string const of_threads = "/proc/" + std::to_string(::getpid()) + "/task/";
        for (auto const& each : std::filesystem::directory_iterator{"/proc/self/fd"})
            if (!std::filesystem::read_symlink(each, closed).string().starts_with(of_threads)) ++h.descriptors;
        h.threads = entries_of("/proc/self/task");
        return h;
    }

    /// Those of this name.
    static std::size_t threads_named(std::string const& name)
    {
        std::size_t found = 0;
        for_each_thread(name, [&](std::string const&) { ++found; });
        return found;
    }

private:
    static std::size_t entries_of(char const* folder)
    {
        std::size_t count = 0;
        for ([[maybe_unused]] auto const& each : std::filesystem::directory_iterator{folder}) ++count;
        return count;
    }
};

}  // namespace soak
