// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cerrno>

#include <sys/syscall.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A system call without libc: no errno, no cancellation point, no sanitizer's interceptor. Returns -errno on failure.
/// async-signal-safe. On machines not listed here it goes through libc.
[[gnu::always_inline]] inline long system_call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                                               long f = 0)
{
#if LOOPWATCH_HAS_LINUX_X86_64()
    // NOLINTBEGIN(misc-const-correctness): the assembler's operands are registers that it may change
    long result = 0;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    // NOLINTEND(misc-const-correctness)
    return result;
#elif LOOPWATCH_HAS_LINUX_AARCH64()
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#else
    int const kept = errno;
    long result = ::syscall(number, a, b, c, d, e, f);
    if (result == -1) result = -errno;
    errno = kept;
    return result;
#endif
}

[[gnu::always_inline]] inline bool failed(long result) { return result < 0 && result >= -4095; }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
