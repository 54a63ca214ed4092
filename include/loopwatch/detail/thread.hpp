// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <cstdint>
#include <string>
#include <thread>

#if LOOPWATCH_HAS_LINUX()
#include <array>
#include <cstdio>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <functional>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The kernel's number of a thread, as debuggers and /proc show it; elsewhere a number of our own. 0 is no thread.
using thread_number = std::int64_t;

#if LOOPWATCH_HAS_LINUX()

// Not cached in a thread_local: the copy would be wrong in the child of a fork. 60 ns.
inline thread_number this_thread_number() noexcept { return ::syscall(SYS_gettid); }

/// "" if the thread is gone.
inline std::string thread_name(thread_number thread)
{
    std::array<char, 64> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/task/%lld/comm", static_cast<long long>(thread));
    int const file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    std::array<char, 32> name{};
    auto const length = ::read(file, name.data(), name.size());
    ::close(file);
    if (length <= 0) return {};
    std::string text(name.data(), static_cast<std::size_t>(length));
    if (text.back() == '\n') text.pop_back();
    return text;
}

/// Runs `work` on a thread of its own, which ends with the process and never runs a signal handler of the program.
template <typename Work>
void start_background_thread(char const* name, Work work)
{
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    // What a thread itself causes (SIGSEGV...) is delivered to it even so.
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread{[name, work = std::move(work)]() mutable {
            ::pthread_setname_np(::pthread_self(), name);
            work();
        }}.detach();
    } catch (...) {
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

// As in <linux/sched/types.h>, which can't be included beside <sched.h>; the first version of it, of 48 bytes.
struct scheduling {
    std::uint32_t size{sizeof(scheduling)};
    std::uint32_t policy{SCHED_OTHER};
    std::uint64_t flags{0};
    std::int32_t nice{0};
    std::uint32_t priority{0};
    std::uint64_t runtime{0};
    std::uint64_t deadline{0};
    std::uint64_t period{0};
};

/// The calling thread runs for a very short time whenever it wakes, and must then be on time.
inline void wake_this_thread_on_time() noexcept
{
    // By default a timer of an ordinary thread may be 50 us late, to save wake-ups (prctl(2)).
    ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    // A shorter slice is an earlier virtual deadline: since Linux 6.12 such a thread, waking, preempts one of a longer
    // slice (sched_setattr(2); docs.kernel.org/scheduler/sched-eevdf.html). Two cores, both busy: 4 ms late in one
    // wake-up of a hundred without, 50 us with it. Older kernels take no notice.
    scheduling s;
    s.runtime = 100'000;
    // A better niceness needs a privilege. With both, a busy machine delays it no more than an idle one.
    s.nice = -10;
    if (::syscall(SYS_sched_setattr, 0, &s, 0) == 0) return;
    s.nice = ::getpriority(PRIO_PROCESS, 0);
    ::syscall(SYS_sched_setattr, 0, &s, 0);
}

/// The calling thread computes for long at times, and must not be in the way of the program's threads.
inline void run_this_thread_in_background() noexcept
{
    sched_param const none{};
    ::pthread_setschedparam(::pthread_self(), SCHED_BATCH, &none);
}

#else

inline thread_number this_thread_number() noexcept
{
    auto const hashed = std::hash<std::thread::id>{}(std::this_thread::get_id());
    return static_cast<thread_number>(hashed | 1);
}
inline std::string thread_name(thread_number) { return {}; }
template <typename Work>
void start_background_thread(char const*, Work work)
{
    std::thread{std::move(work)}.detach();
}
inline void wake_this_thread_on_time() noexcept {}
inline void run_this_thread_in_background() noexcept {}

#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
