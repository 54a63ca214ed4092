// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>

#include <time.h>

inline std::chrono::nanoseconds cpu_time(clockid_t of)
{
    timespec t{};
    ::clock_gettime(of, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}
