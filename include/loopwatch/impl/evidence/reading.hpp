// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../platform/thread.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

// What the kernel reports about a thread and about the process, as plain values: read on the watchdog, made into text
// on the reporter. What could not be read is marked as not known, and is never a number that looks like a measurement.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A text of limited size that does not allocate; what does not fit is cut off.
template <std::size_t N>
class short_text {
public:
    static constexpr std::size_t capacity = N;

    constexpr short_text() = default;
    constexpr short_text(std::string_view text) { *this = text; }
    constexpr short_text& operator=(std::string_view text)
    {
        size_ = static_cast<std::uint16_t>(std::min(text.size(), N));
        text.copy(bytes_.data(), size_);
        return *this;
    }
    [[nodiscard]] constexpr std::string_view view() const { return {bytes_.data(), size_}; }
    [[nodiscard]] constexpr bool empty() const { return size_ == 0; }

private:
    fixed<char, N> bytes_{};
    std::uint16_t size_{0};
};

/// How long a thread has run and waited since its creation. The difference of two readings is what it did in between.
struct thread_counters {
    bool known{false};
    time_point at{};
    nanoseconds on_cpu{};
    nanoseconds run_delay{};       // runnable, but waiting for a CPU
    std::uint64_t slices{0};       // how often it was given a CPU
    bool run_delay_counted{true};  // false: only `on_cpu` is known
};

/// The address of a socket, as the kernel gives it: a sockaddr.
struct socket_address {
    fixed<std::byte, 112> bytes{};  // sockaddr_un, the longest of those that are described
    std::size_t size{0};            // 0: there is none
};

/// What a file descriptor refers to.
struct descriptor_reading {
    int number{-1};
    short_text<128>
        link;  // of /proc/self/fd: "/var/data/big.bin", "socket:[4711]", "pipe:[12]", "anon_inode:[eventpoll]"
    bool is_socket{false};
    int socket_type{0};  // SOCK_STREAM, ...
    socket_address local;
    socket_address peer;
};

/// The system call that a thread sleeps in, with those referents of its arguments that help a reader.
struct call_reading {
    static constexpr long none = -1;

    long number{none};
    fixed<std::uint64_t, 6> arguments{};
    fixed<descriptor_reading, 3> descriptors;  // the first ones
    std::size_t descriptor_count{0};           // how many there are in all
    short_text<128> path;                      // of open, stat, unlink...
    socket_address address;                    // of connect, sendto
    bool has_timeout{false};
    nanoseconds timeout{};            // of nanosleep, poll, futex..., as it was passed
    bool timeout_is_absolute{false};  // it is a time point on the clock of the call, not a duration
    std::uint32_t futex_word{0};
    // What a futex call waits for, deduced from the words at its address. Live threads of this process, or 0.
    thread_number mutex_owner{0};     // the owner of the pthread_mutex_t that it waits for
    thread_number awaited_thread{0};  // the thread for whose end it waits
};

/// Everything about one thread at one moment. `state` is the letter of /proc: 'R', 'S', 'D', 'T', 't'...; 0: not known.
struct thread_reading {
    thread_number thread{0};
    time_point at{};       // of the counters, which are read first
    time_point done_at{};  // of what it did, which is read last
    thread_counters counters;
    char state{0};
    bool in_kernel{false};  // `call` is known; its number may be none (a page fault)
    call_reading call;
    short_text<32> wait_channel;  // the kernel's function that it sleeps in; "": not known
    bool has_faults{false};
    std::uint64_t major_faults{0};
    nanoseconds block_io_delay{};  // 0 where delay accounting is off, as it is by default since Linux 5.14

    /// Drops what it did at or after this moment. What was counted before stays.
    void discard_later(time_point end)
    {
        if (at >= end) *this = {};
        if (done_at < end) return;
        state = 0;
        in_kernel = false;
        call = {};
        wait_channel = short_text<32>{};
    }
};
static_assert(std::is_trivially_copyable_v<thread_reading>);

/// Counters of the whole process since its start.
struct process_counters {
    bool known{false};
    std::uint64_t yielded{0};       // voluntary context switches: a thread went to sleep
    std::uint64_t preemptions{0};   // involuntary ones: its CPU was given to another thread
    std::uint64_t major_faults{0};  // pages that had to be read from a disk
};

/// The state of the process and of the machine.
struct process_reading {
    time_point at{};
    process_counters counters;
    unsigned runnable{0};    // threads of the whole machine that run or wait for a CPU; 0: not known
    unsigned processors{0};  // those that this process may use
    bool has_throttling{false};
    nanoseconds throttled{};  // for how long the cgroup was throttled so far, summed over all CPUs
    long tracer{0};           // the process that debugs this one
    unsigned threads{0};      // of this process, but for the library's own; 0: not known
};
static_assert(std::is_trivially_copyable_v<process_reading>);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
