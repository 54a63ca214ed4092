// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <loopwatch/detail/config.hpp>
#include <loopwatch/impl/base/clock.hpp>

#include <unistd.h>

namespace stress {

using namespace std::chrono_literals;
using loopwatch::detail::clock;
using loopwatch::detail::time_point;

/// The address sanitizer, for what it can't run.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool under_asan = true;
#elif defined(__has_feature)
constexpr bool under_asan = __has_feature(address_sanitizer);
#else
constexpr bool under_asan = false;
#endif
constexpr bool under_tsan = LOOPWATCH_HAS_TSAN() != 0;

/// Ends the program at once: other threads are in the midst of something.
[[noreturn, gnu::format(printf, 1, 2)]] inline void fail(char const* what, ...)
{
    std::va_list values;
    va_start(values, what);
    std::fputs("WRONG: ", stderr);
    std::vfprintf(stderr, what, values);
    std::fputc('\n', stderr);
    va_end(values);
    std::fflush(stderr);
    std::fflush(stdout);
    ::_exit(1);
}

/// For how long to run, as given to the program. A deadlock ends it by SIGALRM.
inline clock::duration time_to_run(int argc, char** argv)
{
    int const seconds = argc > 1 ? std::atoi(argv[1]) : 2;
    if (seconds <= 0) fail("usage: %s [seconds]", argv[0]);
    ::alarm(static_cast<unsigned>(seconds) * 2 + 60);
    return std::chrono::seconds{seconds};
}

/// xorshift64*: small, and each thread has its own.
class dice {
public:
    explicit dice(std::uint64_t seed) : state_{seed * 0x9e3779b97f4a7c15 + 1} {}

    /// 0 to sides - 1
    unsigned operator()(unsigned sides)
    {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return static_cast<unsigned>((state_ * 0x2545f4914f6cdd1d >> 33) % sides);
    }

private:
    std::uint64_t state_;
};

/// Keeps the CPU for so many rounds of some nanoseconds.
inline void dawdle(unsigned rounds)
{
    for (; rounds > 0; --rounds) __asm__ volatile("");
}

}  // namespace stress
