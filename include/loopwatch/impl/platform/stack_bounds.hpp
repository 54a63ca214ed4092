// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#if LOOPWATCH_HAS_UNWINDER()
#include "thread.hpp"

#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The stack that a thread was created with. A thread that runs on it can read from its stack pointer up to the end
/// with plain loads: that memory stays mapped as long as the thread lives. Says nothing about other stacks, such as a
/// fiber's or an alternate signal stack.
struct stack_bounds {
    std::uintptr_t low{0};
    std::uintptr_t end{0};
    std::uintptr_t owner{0};  // its thread pointer, since the kernel reuses thread numbers

    [[nodiscard]] bool known() const { return end != 0; }

    /// async-signal-safe
    [[gnu::always_inline]] [[nodiscard]] bool hold(std::uintptr_t sp) const { return sp >= low && sp < end; }
};

#if LOOPWATCH_HAS_UNWINDER()

/// The register by which a thread finds its thread-local variables: different in each thread. async-signal-safe, unlike
/// a thread_local of a library that was loaded later, which is allocated at its first use.
[[gnu::always_inline]] inline std::uintptr_t thread_pointer()
{
    std::uintptr_t value = 0;  // NOLINT(misc-const-correctness): the assembler sets it
#if LOOPWATCH_HAS_X86_64()
    __asm__ volatile("mov %%fs:0, %0" : "=r"(value));
#else
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(value));
#endif
    return value;
}

/// The bounds of the calling thread's stack, if they can be found out. Takes a microsecond and may allocate: not for
/// every heartbeat. Keeps errno.
inline stack_bounds this_thread_stack() noexcept
{
    int const kept = errno;
    stack_bounds found;
    if (this_thread_number() == ::getpid()) {
        // pthread_getattr_np() would read all of /proc/self/maps. AT_RANDOM points to bytes that the kernel puts at the
        // outer end of the main thread's stack. That stack grows on demand and never shrinks, and nothing else is
        // mapped within its limit.
        std::uintptr_t reach = 8U << 20;
        if (rlimit limit{}; ::getrlimit(RLIMIT_STACK, &limit) == 0) reach = std::min<rlim_t>(reach, limit.rlim_cur);
        std::uintptr_t const end = ::getauxval(AT_RANDOM) & ~std::uintptr_t{15};
        if (end > reach) found = {end - reach, end, thread_pointer()};
    } else if (pthread_attr_t attributes; ::pthread_getattr_np(::pthread_self(), &attributes) == 0) {
        void* low = nullptr;
        std::size_t size = 0;
        if (::pthread_attr_getstack(&attributes, &low, &size) == 0 && low != nullptr) {
            auto const from = reinterpret_cast<std::uintptr_t>(low);
            found = {from, from + size, thread_pointer()};
        }
        ::pthread_attr_destroy(&attributes);
    }
    errno = kept;
    return found;
}

#else

inline stack_bounds this_thread_stack() noexcept { return {}; }

#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
