// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../base/fixed.hpp"

#include <cstdint>
#include <string>
#include <thread>

#if LOOPWATCH_HAS_LINUX()
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif LOOPWATCH_HAS_WINDOWS()
// As <windows.h> declares it, whose macros would reach the user's files.
extern "C" __declspec(dllimport) unsigned long __stdcall GetCurrentThreadId();
#else
#include <functional>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The system's thread ID, as debuggers show it, and /proc on Linux; where it is not known how to ask for it a hash of
/// std::thread::id. 0: no thread.
using thread_number = std::int64_t;

#if LOOPWATCH_HAS_LINUX()

// Takes 60 ns. Not cached in a thread_local, which would be wrong in the child of a fork.
inline thread_number this_thread_number() noexcept { return ::syscall(SYS_gettid); }

/// "" if the thread is gone.
inline std::string thread_name(thread_number thread)
{
    fixed<char, 64> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/task/%lld/comm", static_cast<long long>(thread));
    int const file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
    fixed<char, 32> name{};
    auto const length = ::read(file, name.data(), name.size());
    ::close(file);
    if (length <= 0) return {};
    std::string text(name.data(), static_cast<std::size_t>(length));
    if (text.back() == '\n') text.pop_back();
    return text;
}

/// Whether the thread sleeps interruptibly in the kernel. True where that can't be found out.
inline bool is_asleep(thread_number thread)
{
    fixed<char, 64> text{};
    std::snprintf(text.data(), text.size(), "/proc/self/task/%lld/stat", static_cast<long long>(thread));
    int const file = ::open(text.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return true;
    auto const length = ::read(file, text.data(), text.size());
    ::close(file);
    // "1234 (name) S ...": the name has at most 15 bytes and may contain parentheses.
    std::string_view const start{text.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
    auto const state = start.rfind(") ");
    return state == start.npos || state + 2 >= start.size() || start[state + 2] == 'S';
}

/// A set of CPUs, as large as any kernel's.
class cpu_mask {
public:
    static constexpr std::size_t most = 8192;

    static cpu_mask all()
    {
        cpu_mask m;
        for (unsigned long& word : m.words_) word = ~0UL;
        return m;
    }

    /// Removes the CPUs of a list in the kernel's format: "2-3,8".
    void remove(std::string_view list)
    {
        std::size_t from = 0;
        std::size_t number = 0;
        bool in_range = false;
        bool any = false;
        auto const end_item = [&] {
            if (!any) return;
            for (std::size_t cpu = in_range ? from : number; cpu <= number && cpu < most; ++cpu)
                words_[cpu / bits] &= ~(1UL << (cpu % bits));
            any = in_range = false;
            number = 0;
        };
        for (char const c : list) {
            if (c >= '0' && c <= '9') {
                if (number < most) number = number * 10 + static_cast<std::size_t>(c - '0');
                any = true;
            } else if (c == '-') {
                from = std::exchange(number, 0);
                in_range = true;
            } else {
                end_item();
            }
        }
        end_item();
    }

    void remove(cpu_mask const& others)
    {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~others.words_[i];
    }

    [[nodiscard]] bool holds(std::size_t cpu) const { return (words_[cpu / bits] >> (cpu % bits) & 1) != 0; }
    [[nodiscard]] static std::size_t size() { return sizeof words_; }
    [[nodiscard]] cpu_set_t* get() { return reinterpret_cast<cpu_set_t*>(words_.data()); }
    [[nodiscard]] cpu_set_t const* get() const { return reinterpret_cast<cpu_set_t const*>(words_.data()); }

private:
    static constexpr std::size_t bits = 8 * sizeof(unsigned long);
    fixed<unsigned long, most / bits> words_{};
};

/// The scheduling attributes of the library's threads. They do not inherit those of the thread that starts them, which
/// may be pinned, real-time, or both, and compute for long: they are ordinary threads, on every CPU that the process's
/// cpuset allows (the kernel intersects). With `avoid_reserved_cpus`, isolated CPUs and those of a real-time starter
/// are excluded: there the kernel would not move them away from a thread that holds the CPU.
class own_scheduling {
public:
    explicit own_scheduling(bool avoid_reserved_cpus)
    {
        ::pthread_attr_init(&attributes_);
#if defined(__GLIBC__)
        ::pthread_attr_setinheritsched(&attributes_, PTHREAD_EXPLICIT_SCHED);
        ::pthread_attr_setschedpolicy(&attributes_, SCHED_OTHER);
        sched_param const none{};  // else glibc takes the caller's priority
        ::pthread_attr_setschedparam(&attributes_, &none);
        auto cpus = cpu_mask::all();
        if (avoid_reserved_cpus) {
            cpus.remove(isolated_cpus());
            cpus.remove(cpus_of_real_time_caller());
        }
        ::pthread_attr_setaffinity_np(&attributes_, cpu_mask::size(), cpus.get());
#else
        static_cast<void>(avoid_reserved_cpus);
#endif
    }
    own_scheduling(own_scheduling const&) = delete;
    own_scheduling& operator=(own_scheduling const&) = delete;
    ~own_scheduling() { ::pthread_attr_destroy(&attributes_); }

    [[nodiscard]] pthread_attr_t const* get() const { return &attributes_; }

private:
    static std::string isolated_cpus()
    {
        std::string list(4096, '\0');  // not on the stack, which may be small
        int const file = ::open("/sys/devices/system/cpu/isolated", O_RDONLY | O_CLOEXEC);
        if (file < 0) return {};
        auto const length = ::read(file, list.data(), list.size());
        ::close(file);
        list.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
        return list;
    }

    static cpu_mask cpus_of_real_time_caller()
    {
        cpu_mask cpus;
        int const policy = ::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
        if (policy == SCHED_FIFO || policy == SCHED_RR) ::sched_getaffinity(0, cpu_mask::size(), cpus.get());
        return cpus;
    }

    pthread_attr_t attributes_{};
};

/// The library's own threads in this process: never more than there are.
class library_threads {
public:
    [[nodiscard]] static unsigned count() noexcept
    {
        int const known = counted().load(std::memory_order_acquire);
        return known < 0 ? 0 : static_cast<unsigned>(known);
    }

    /// One was started. It may have ended already.
    static void started() noexcept { counted().fetch_add(1, std::memory_order_acq_rel); }

    /// The calling one ends.
    static void ends() noexcept { counted().fetch_sub(1, std::memory_order_acq_rel); }

    /// In the child of a fork there are none. To be called before the first is started.
    LOOPWATCH_SHARED static void prepare_forks()
    {
        static int const registered =
            ::pthread_atfork(nullptr, nullptr, [] { counted().store(0, std::memory_order_release); });
        static_cast<void>(registered);
    }

private:
    LOOPWATCH_SHARED static std::atomic<int>& counted() noexcept
    {
        static std::atomic<int> number{0};
        return number;
    }
};

/// A thread of the library. All signals are blocked in it, so it runs no signal handler of the program. To be detached
/// or joined.
class background_thread {
public:
    /// Throws: std::system_error.
    template <typename Work>
    background_thread(char const* name, Work work)
    {
        struct start {
            char const* name;
            Work work;
        };
        library_threads::prepare_forks();
        auto to_run = make_owned<start>(start{name, std::move(work)});
        auto* const run = +[](void* given) -> void* {
            owned<start> const self{static_cast<start*>(given)};
            ::pthread_setname_np(::pthread_self(), self->name);
            self->work();
            library_threads::ends();
            return nullptr;
        };
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        // A signal that the thread itself causes (SIGSEGV...) is delivered nevertheless.
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        int error = ::pthread_create(&thread_, own_scheduling{true}.get(), run, to_run.get());
        auto const refused = [&] { return error == EINVAL || error == EPERM || error == ENOSYS; };
        // Either no CPU is left, or a sandbox does not allow setting these attributes.
        if (refused()) error = ::pthread_create(&thread_, own_scheduling{false}.get(), run, to_run.get());
        if (refused()) error = ::pthread_create(&thread_, nullptr, run, to_run.get());
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        if (error != 0) throw std::system_error{error, std::generic_category(), "loopwatch: can't start a thread"};
        library_threads::started();
        static_cast<void>(to_run.release());  // now owned by the thread
    }

    void detach() const { ::pthread_detach(thread_); }
    void join() const { ::pthread_join(thread_, nullptr); }

private:
    pthread_t thread_{};
};

// struct sched_attr of <linux/sched/types.h>, which can't be included beside <sched.h>; its first version, of 48 bytes.
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

/// For a thread that runs very briefly at each wake-up, and must wake on time.
inline void wake_this_thread_on_time() noexcept
{
    // By default a timer of an ordinary thread may be 50 us late, to save wake-ups (prctl(2)).
    ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    // A shorter slice is an earlier virtual deadline: since Linux 6.12 such a thread, waking, preempts one of a longer
    // slice (sched_setattr(2); docs.kernel.org/scheduler/sched-eevdf.html). Two cores, both busy: 4 ms late in one
    // wake-up of a hundred without, 50 us with it. Older kernels ignore it.
    scheduling s;
    s.runtime = 100'000;
    // A better niceness needs a privilege. With both, a busy machine delays it no more than an idle one.
    s.nice = -10;
    if (::syscall(SYS_sched_setattr, 0, &s, 0) == 0) return;
    // Without the privilege: 0, and only if that is refused too the niceness of the thread that made the first guard.
    s.nice = 0;
    if (::syscall(SYS_sched_setattr, 0, &s, 0) == 0) return;
    s.nice = ::getpriority(PRIO_PROCESS, 0);
    ::syscall(SYS_sched_setattr, 0, &s, 0);
}

/// For a thread that may compute for long, and must not delay the program's threads.
inline void run_this_thread_in_background() noexcept
{
    sched_param const none{};
    ::pthread_setschedparam(::pthread_self(), SCHED_BATCH, &none);
}

#else

#if LOOPWATCH_HAS_WINDOWS()
inline thread_number this_thread_number() noexcept { return ::GetCurrentThreadId(); }
#else
inline thread_number this_thread_number() noexcept
{
    auto const hashed = std::hash<std::thread::id>{}(std::this_thread::get_id());
    return static_cast<thread_number>(hashed | 1);
}
#endif
inline std::string thread_name(thread_number) { return {}; }
inline bool is_asleep(thread_number) { return true; }
class background_thread {
public:
    template <typename Work>
    background_thread(char const*, Work work) : thread_{std::move(work)}
    {
    }
    void detach() { thread_.detach(); }
    void join() { thread_.join(); }

private:
    std::thread thread_;
};
inline void wake_this_thread_on_time() noexcept {}
inline void run_this_thread_in_background() noexcept {}

#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
