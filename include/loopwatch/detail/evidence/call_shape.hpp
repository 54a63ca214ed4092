// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../fixed.hpp"
#include "reading.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

// What the arguments of system calls mean, by the calls' names: names are the same on every machine, numbers are not.
// Only of calls that may wait, or take long.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How a call is told for how long to wait at most.
enum class time_limit : std::uint8_t {
    none,          // it is not
    milliseconds,  // an int; negative: for ever
    timespec,      // a pointer to a length; null: for ever
    timeval,
    date,     // a pointer to a timespec, a point in time; null: for ever
    flagged,  // clock_nanosleep: a length, or a date if the second argument says TIMER_ABSTIME
    of_futex  // depends on the operation
};

/// What is special about a call.
enum class subject : std::uint8_t {
    plain,
    pollfds,  // the first argument is an array of pollfd, the second its size
    fd_sets,  // three sets from the second argument on, the first is the number of bits
    futex,
    futexes,    // an array of struct futex_waitv
    child,      // a process number as wait4 takes it
    child_kind  // what waitid takes: of which kind the number in the second argument is
};

/// Which argument is what, counted from 0; -1: none is.
struct call_shape {
    std::string_view name;
    subject special{subject::plain};
    std::int8_t descriptor{-1};
    std::int8_t second_descriptor{-1};
    std::int8_t path{-1};
    std::int8_t address{-1};  // a sockaddr; the next argument is its size
    std::int8_t bytes{-1};    // an amount of memory
    time_limit limit{time_limit::none};
    std::int8_t limit_at{-1};
};

inline constexpr fixed call_shapes{
    // files
    call_shape{.name = "read", .descriptor = 0},
    call_shape{.name = "pread64", .descriptor = 0},
    call_shape{.name = "readv", .descriptor = 0},
    call_shape{.name = "preadv", .descriptor = 0},
    call_shape{.name = "preadv2", .descriptor = 0},
    call_shape{.name = "write", .descriptor = 0},
    call_shape{.name = "pwrite64", .descriptor = 0},
    call_shape{.name = "writev", .descriptor = 0},
    call_shape{.name = "pwritev", .descriptor = 0},
    call_shape{.name = "pwritev2", .descriptor = 0},
    call_shape{.name = "close", .descriptor = 0},
    call_shape{.name = "fsync", .descriptor = 0},
    call_shape{.name = "fdatasync", .descriptor = 0},
    call_shape{.name = "syncfs", .descriptor = 0},
    call_shape{.name = "sync_file_range", .descriptor = 0},
    call_shape{.name = "flock", .descriptor = 0},
    call_shape{.name = "fcntl", .descriptor = 0},
    call_shape{.name = "ioctl", .descriptor = 0},
    call_shape{.name = "lseek", .descriptor = 0},
    call_shape{.name = "fstat", .descriptor = 0},
    call_shape{.name = "fstatfs", .descriptor = 0},
    call_shape{.name = "fallocate", .descriptor = 0},
    call_shape{.name = "ftruncate", .descriptor = 0},
    call_shape{.name = "fadvise64", .descriptor = 0},
    call_shape{.name = "readahead", .descriptor = 0},
    call_shape{.name = "getdents", .descriptor = 0},
    call_shape{.name = "getdents64", .descriptor = 0},
    call_shape{.name = "sendfile", .descriptor = 0, .second_descriptor = 1},
    call_shape{.name = "splice", .descriptor = 0, .second_descriptor = 2},
    call_shape{.name = "tee", .descriptor = 0, .second_descriptor = 1},
    call_shape{.name = "vmsplice", .descriptor = 0},
    call_shape{.name = "copy_file_range", .descriptor = 0, .second_descriptor = 2},
    // paths; the descriptor that a path is relative to is told where the path is empty
    call_shape{.name = "open", .path = 0},
    call_shape{.name = "creat", .path = 0},
    call_shape{.name = "openat", .descriptor = 0, .path = 1},
    call_shape{.name = "openat2", .descriptor = 0, .path = 1},
    call_shape{.name = "stat", .path = 0},
    call_shape{.name = "lstat", .path = 0},
    call_shape{.name = "newfstatat", .descriptor = 0, .path = 1},
    call_shape{.name = "statx", .descriptor = 0, .path = 1},
    call_shape{.name = "statfs", .path = 0},
    call_shape{.name = "access", .path = 0},
    call_shape{.name = "faccessat", .descriptor = 0, .path = 1},
    call_shape{.name = "faccessat2", .descriptor = 0, .path = 1},
    call_shape{.name = "readlink", .path = 0},
    call_shape{.name = "readlinkat", .descriptor = 0, .path = 1},
    call_shape{.name = "truncate", .path = 0},
    call_shape{.name = "unlink", .path = 0},
    call_shape{.name = "unlinkat", .descriptor = 0, .path = 1},
    call_shape{.name = "rename", .path = 0},
    call_shape{.name = "renameat", .descriptor = 0, .path = 1},
    call_shape{.name = "renameat2", .descriptor = 0, .path = 1},
    call_shape{.name = "link", .path = 0},
    call_shape{.name = "linkat", .descriptor = 0, .path = 1},
    call_shape{.name = "symlink", .path = 0},
    call_shape{.name = "symlinkat", .path = 0},
    call_shape{.name = "mkdir", .path = 0},
    call_shape{.name = "mkdirat", .descriptor = 0, .path = 1},
    call_shape{.name = "rmdir", .path = 0},
    call_shape{.name = "chdir", .path = 0},
    call_shape{.name = "chmod", .path = 0},
    call_shape{.name = "fchmodat", .descriptor = 0, .path = 1},
    call_shape{.name = "chown", .path = 0},
    call_shape{.name = "fchownat", .descriptor = 0, .path = 1},
    call_shape{.name = "execve", .path = 0},
    call_shape{.name = "execveat", .descriptor = 0, .path = 1},
    call_shape{.name = "mount", .path = 1},
    call_shape{.name = "umount2", .path = 0},
    // sockets
    call_shape{.name = "recvfrom", .descriptor = 0},
    call_shape{.name = "recvmsg", .descriptor = 0},
    call_shape{.name = "recvmmsg", .descriptor = 0, .limit = time_limit::timespec, .limit_at = 4},
    call_shape{.name = "sendto", .descriptor = 0, .address = 4},
    call_shape{.name = "sendmsg", .descriptor = 0},
    call_shape{.name = "sendmmsg", .descriptor = 0},
    call_shape{.name = "accept", .descriptor = 0},
    call_shape{.name = "accept4", .descriptor = 0},
    call_shape{.name = "connect", .descriptor = 0, .address = 1},
    call_shape{.name = "bind", .descriptor = 0, .address = 1},
    call_shape{.name = "shutdown", .descriptor = 0},
    // many descriptors at once
    call_shape{.name = "poll", .special = subject::pollfds, .limit = time_limit::milliseconds, .limit_at = 2},
    call_shape{.name = "ppoll", .special = subject::pollfds, .limit = time_limit::timespec, .limit_at = 2},
    call_shape{.name = "select", .special = subject::fd_sets, .limit = time_limit::timeval, .limit_at = 4},
    call_shape{.name = "pselect6", .special = subject::fd_sets, .limit = time_limit::timespec, .limit_at = 4},
    call_shape{.name = "epoll_wait", .descriptor = 0, .limit = time_limit::milliseconds, .limit_at = 3},
    call_shape{.name = "epoll_pwait", .descriptor = 0, .limit = time_limit::milliseconds, .limit_at = 3},
    call_shape{.name = "epoll_pwait2", .descriptor = 0, .limit = time_limit::timespec, .limit_at = 3},
    call_shape{.name = "io_uring_enter", .descriptor = 0},
    // time, locks, processes
    call_shape{.name = "nanosleep", .limit = time_limit::timespec, .limit_at = 0},
    call_shape{.name = "clock_nanosleep", .limit = time_limit::flagged, .limit_at = 2},
    call_shape{.name = "futex", .special = subject::futex, .limit = time_limit::of_futex, .limit_at = 3},
    call_shape{.name = "futex_wait", .special = subject::futex, .limit = time_limit::date, .limit_at = 4},
    call_shape{.name = "futex_waitv", .special = subject::futexes, .limit = time_limit::date, .limit_at = 3},
    call_shape{.name = "wait4", .special = subject::child},
    call_shape{.name = "waitid", .special = subject::child_kind},
    call_shape{.name = "semtimedop", .limit = time_limit::timespec, .limit_at = 3},
    call_shape{.name = "mq_timedreceive", .descriptor = 0, .limit = time_limit::date, .limit_at = 4},
    call_shape{.name = "mq_timedsend", .descriptor = 0, .limit = time_limit::date, .limit_at = 4},
    call_shape{.name = "io_getevents", .limit = time_limit::timespec, .limit_at = 4},
    call_shape{.name = "rt_sigtimedwait", .limit = time_limit::timespec, .limit_at = 2},
    // memory
    call_shape{.name = "mmap", .descriptor = 4, .bytes = 1},
    call_shape{.name = "munmap", .bytes = 1},
    call_shape{.name = "mremap", .bytes = 2},
    call_shape{.name = "madvise", .bytes = 1},
    call_shape{.name = "mprotect", .bytes = 1},
    call_shape{.name = "msync", .bytes = 1},
    call_shape{.name = "mlock", .bytes = 1},
    call_shape{.name = "getrandom", .bytes = 1},
};

inline constexpr call_shape plain_shape{};

/// One whose arguments say nothing to a reader, if the call is not among those.
[[nodiscard]] constexpr call_shape const& shape_of(std::string_view name) noexcept
{
    for (call_shape const& each : call_shapes)
        if (each.name == name) return each;
    return plain_shape;
}

[[nodiscard]] constexpr std::uint64_t argument_of(call_reading const& call, int at)
{
    return call.arguments[static_cast<std::size_t>(at)];
}

/// The operations of futex that wait, without their flags (futex(2)).
enum class futex_operation : std::uint8_t {
    wait = 0,
    lock_pi = 6,
    wait_bitset = 9,
    wait_requeue_pi = 11,
    lock_pi2 = 13
};

[[nodiscard]] constexpr futex_operation operation_of_futex(std::uint64_t argument) noexcept
{
    constexpr std::uint64_t flags = 128 | 256;  // FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME
    return static_cast<futex_operation>(argument & 0x7fU & ~flags);
}

/// Whether the word is a mutex that the kernel gives on, as one of inherited priority.
[[nodiscard]] constexpr bool locks(futex_operation operation) noexcept
{
    return operation == futex_operation::lock_pi || operation == futex_operation::lock_pi2;
}

[[nodiscard]] constexpr bool waits(futex_operation operation) noexcept
{
    switch (operation) {
        case futex_operation::wait:
        case futex_operation::lock_pi:
        case futex_operation::wait_bitset:
        case futex_operation::wait_requeue_pi:
        case futex_operation::lock_pi2: return true;
    }
    return false;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
