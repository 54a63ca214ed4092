// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "handler_mark.hpp"
#include "snapshot.hpp"

#include <cerrno>
#include <mutex>
#include <stdexcept>
#include <string>

#include <signal.h>

#if LOOPWATCH_HAS_TSAN()
// ThreadSanitizer's sigaction() delays a signal until the thread's next system call, and then passes the context of
// that call. It does not intercept glibc's other name for the function.
extern "C" int __sigaction(int, struct sigaction const*, struct sigaction*) noexcept;
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The signal that captures, and the installation of its handler. One per process.
class signal_choice {
public:
    using handler = capture_handler;

    LOOPWATCH_SHARED static signal_choice& get()
    {
        static signal_choice one;
        return one;
    }

    /// Throws: std::invalid_argument if it can't be caught or the program handles it; std::logic_error if another
    /// is in use already.
    void choose(int signal)
    {
        std::lock_guard const hold{mutex_};
        if (signal == number_) return;
        std::string const name = "loopwatch: capture signal " + std::to_string(signal);
        struct sigaction before{};
        if (signal <= 0 || signal == SIGKILL || signal == SIGSTOP || ::sigaction(signal, nullptr, &before) != 0)
            throw std::invalid_argument{name + " can't be caught"};
        if (handled_by_program(before) && !is_another_runtimes(before))
            throw std::invalid_argument{name + " is already handled by the program"};
        if (installed_ != nullptr)
            throw std::logic_error{name + " comes too late: signal " + std::to_string(number_) + " is in use"};
        number_ = signal;
    }

    /// Makes sure that a signal sent now reaches `h`, unless the program handles the signal itself; returns
    /// capture_error::none, or why not. If another runtime of this library handles it, sets `next`, to which `h` passes
    /// signals on. Also installs the handler anew if the program has reset the signal, as daemons do. One system call.
    [[nodiscard]] capture_error ready(handler h, handler& next)
    {
        std::lock_guard const hold{mutex_};
        struct sigaction now{};
        if (act(number_, nullptr, &now) != 0) return capture_error::unsupported;
        // If several copies of the handler share this state, the one that was installed serves all.
        handler const own = installed_ != nullptr ? installed_ : h;
        if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == own) return capture_error::none;
        handler other = nullptr;
        if (handled_by_program(now)) {
            if (!is_another_runtimes(now))
                return installed_ != nullptr ? capture_error::signal_lost : capture_error::signal_taken;
            if (passes_on(now.sa_sigaction, own)) return capture_error::none;
            other = now.sa_sigaction;
        }
        __atomic_store_n(&next, other, __ATOMIC_RELEASE);
        struct sigaction ours{};
        ours.sa_sigaction = own;
        ::sigemptyset(&ours.sa_mask);
        // Not SA_ONSTACK: programs make alternate stacks for crash handlers; many are too small for this one.
        ours.sa_flags = SA_SIGINFO | SA_RESTART;
        struct sigaction replaced{};
        if (act(number_, &ours, &replaced) != 0) return capture_error::unsupported;
        installed_ = own;
        // Another runtime may have installed its handler a moment ago.
        if (is_another_runtimes(replaced) && !passes_on(replaced.sa_sigaction, own))
            __atomic_store_n(&next, replaced.sa_sigaction, __ATOMIC_RELEASE);
        return capture_error::none;
    }

    [[nodiscard]] int number()
    {
        std::lock_guard const hold{mutex_};
        return number_;
    }

    /// To be locked across a fork, so that it is not left locked in the child.
    [[nodiscard]] std::mutex& mutex() { return mutex_; }

private:
    static int act(int signal, struct sigaction const* set, struct sigaction* got)
    {
#if LOOPWATCH_HAS_TSAN()
        return ::__sigaction(signal, set, got);
#else
        return ::sigaction(signal, set, got);
#endif
    }

    static bool handled_by_program(struct sigaction const& a)
    {
        return (a.sa_flags & SA_SIGINFO) != 0 || (a.sa_handler != SIG_DFL && a.sa_handler != SIG_IGN);
    }

    static bool is_another_runtimes(struct sigaction const& a)
    {
        return (a.sa_flags & SA_SIGINFO) != 0 && is_marked(a.sa_sigaction);
    }

    std::mutex mutex_;
    // Ignored by default, so that one that arrives after an exec can't kill the program; debuggers pass it on silently.
    int number_{SIGURG};
    handler installed_{nullptr};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
