// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>

#include <sys/types.h>
#include <unistd.h>

namespace load {

/// What is computed by whom, in seconds.
struct cpu_times {
    double service{};
    double s3{};       ///< S3's server, if it is known which process that is
    double load{};     ///< this program
    double machine{};  ///< all programs together, as the kernel counts it: in hundredths of a second

    [[nodiscard]] double others() const { return machine - service - s3 - load; }
};

inline cpu_times operator-(cpu_times a, cpu_times b)
{
    return {a.service - b.service, a.s3 - b.s3, a.load - b.load, a.machine - b.machine};
}

inline cpu_times operator+(cpu_times a, cpu_times b)
{
    return {a.service + b.service, a.s3 + b.s3, a.load + b.load, a.machine + b.machine};
}

/// What all threads of a process have computed since it began, in seconds. 0 if there is none.
inline double cpu_time_of(pid_t process)
{
    clockid_t clock{};
    timespec time{};
    if (process <= 0 || ::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Whoever started S3's server may tell its number in S3_SERVER_PID. 0: unknown.
inline pid_t s3_server()
{
    char const* const variable = std::getenv("S3_SERVER_PID");
    std::string_view const text = variable == nullptr ? "" : variable;
    pid_t process = 0;
    std::from_chars(text.data(), text.data() + text.size(), process);
    return process;
}

inline cpu_times cpu_times_now(pid_t service)
{
    std::ifstream file{"/proc/stat"};
    std::string cpu;
    double user{}, nice{}, system{}, idle{}, io{}, irq{}, softirq{};
    file >> cpu >> user >> nice >> system >> idle >> io >> irq >> softirq;
    auto const ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
    return {cpu_time_of(service), cpu_time_of(s3_server()), cpu_time_of(::getpid()),
            (user + nice + system + irq + softirq) / ticks_per_second};
}

}  // namespace load
