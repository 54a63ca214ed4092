// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "snapshot.hpp"

#include <cerrno>
#include <mutex>
#include <stdexcept>
#include <string>

#include <signal.h>

#if LOOPWATCH_HAS_TSAN()
// ThreadSanitizer's sigaction() holds a signal back until the thread's next system call, and then hands over the
// context of that call. glibc's other name for the function is not intercepted.
extern "C" int __sigaction(int, struct sigaction const*, struct sigaction*) noexcept;
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Which signal captures, and whether it is ours. One per process.
class signal_choice {
public:
    using handler = void (*)(int, siginfo_t*, void*);

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
        if (handled_by_program(before)) throw std::invalid_argument{name + " is already handled by the program"};
        if (installed_)
            throw std::logic_error{name + " comes too late: signal " + std::to_string(number_) + " is in use"};
        number_ = signal;
    }

    /// Makes sure that a signal sent now reaches `h`, unless the program handles the signal itself: gap::none, or why
    /// not. Also restores the handler where the program has reset the signal, as daemons do. One system call.
    [[nodiscard]] gap ready(handler h)
    {
        std::lock_guard const hold{mutex_};
        struct sigaction now{};
        if (act(number_, nullptr, &now) != 0) return gap::unsupported;
        if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == h) return gap::none;
        if (handled_by_program(now)) return installed_ ? gap::signal_lost : gap::signal_taken;
        struct sigaction ours{};
        ours.sa_sigaction = h;
        ::sigemptyset(&ours.sa_mask);
        // Not SA_ONSTACK: the alternate stacks of programs are made for crash handlers, many too small for a walk.
        ours.sa_flags = SA_SIGINFO | SA_RESTART;
        if (act(number_, &ours, nullptr) != 0) return gap::unsupported;
        installed_ = true;
        return gap::none;
    }

    [[nodiscard]] int number()
    {
        std::lock_guard const hold{mutex_};
        return number_;
    }

    /// Across a fork, so that no thread of the parent holds it in the child for ever.
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

    std::mutex mutex_;
    // Ignored by default, so that one that arrives after an exec can't kill; debuggers pass it on silently.
    int number_{SIGURG};
    bool installed_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
