// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../block_report.hpp"
#include "../../../detail/config.hpp"
#include "../../base/duration_text.hpp"
#include "../../base/fixed.hpp"
#include "../../base/formatted.hpp"
#include "../../base/view.hpp"
#include "../../evidence/call_arguments.hpp"
#include "../../evidence/describe.hpp"
#include "../../evidence/reading.hpp"
#include "../../evidence/system_calls.hpp"
#include "../../symbolize/code_origin.hpp"

#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What a thread was doing at one moment.
enum class activity {
    unknown,
    running,  // on a CPU, or waiting for one: a moment does not tell which
    lock,     // asleep in a futex
    disk,     // asleep until a disk has answered
    call,     // asleep in any other system call
    stopped   // by a signal or a debugger
};

/// What is waited for in a futex.
enum class lock_kind {
    other,
    mutex,
    condition_variable,
    semaphore,
    read_write_lock,
    future,
    join,
    atomic,
    initialization
};

/// Pure. By the operation, and by the words that lie there; else by the innermost function that is known to wait. Those
/// are functions that libraries export, for nobody has libc's debug symbols: what waits inside may have no name.
inline lock_kind lock_kind_of(view<frame const> stack, call_reading const& call)
{
    using namespace std::string_view_literals;
    bool const has_operation = syscall_of(call.number).name == "futex";
    if (call.mutex_owner != 0 || (has_operation && locks(operation_of_futex(call.arguments[1]))))
        return lock_kind::mutex;
    if (call.awaited_thread != 0) return lock_kind::join;
    struct known {
        std::string_view part;  // of the function's name
        lock_kind kind;
    };
    // More specific ones first.
    constexpr fixed table{
        known{"__atomic_futex_unsigned"sv, lock_kind::future},
        known{"std::__future_base"sv, lock_kind::future},
        known{"pthread_join"sv, lock_kind::join},
        known{"pthread_clockjoin"sv, lock_kind::join},
        known{"pthread_timedjoin"sv, lock_kind::join},
        known{"pthread_cond_"sv, lock_kind::condition_variable},
        known{"condition_variable"sv, lock_kind::condition_variable},
        known{"pthread_rwlock_"sv, lock_kind::read_write_lock},
        known{"sem_wait"sv, lock_kind::semaphore},
        known{"sem_timedwait"sv, lock_kind::semaphore},
        known{"sem_clockwait"sv, lock_kind::semaphore},
        known{"__semaphore"sv, lock_kind::semaphore},
        known{"__cxa_guard_acquire"sv, lock_kind::initialization},
        known{"pthread_once"sv, lock_kind::initialization},
        known{"std::__atomic_wait"sv, lock_kind::atomic},
        known{"std::__detail::__waiter"sv, lock_kind::atomic},
        known{"pthread_mutex_"sv, lock_kind::mutex},
        known{"__lll_lock_wait_private"sv, lock_kind::mutex},  // libc's own, of malloc and of streams
        known{"std::mutex::"sv, lock_kind::mutex},
    };
    for (frame const& f : stack) {
        if (origin_of(f) == code_origin::user) break;
        for (known const& k : table)
            if (f.function.find(k.part) != f.function.npos) return k.kind;
    }
    return lock_kind::other;
}

/// The function that such a wait begins in, by its name in the table of remedies; "" where many do.
constexpr std::string_view entry_of(lock_kind kind) noexcept
{
    switch (kind) {
        case lock_kind::mutex: return "pthread_mutex_lock";
        case lock_kind::condition_variable: return "pthread_cond_wait";
        case lock_kind::semaphore: return "sem_wait";
        case lock_kind::read_write_lock: return "pthread_rwlock_rdlock";
        case lock_kind::join: return "pthread_join";
        case lock_kind::future: return "std::future::wait";
        case lock_kind::atomic: return "std::atomic::wait";
        case lock_kind::initialization:
        case lock_kind::other: break;
    }
    return {};
}

/// What a thread did at one moment, and in what words.
struct occupation {
    activity what{activity::unknown};
    lock_kind lock{lock_kind::other};
    std::string text;
};

/// Pure. What is waited for, with its address where that tells one from another.
inline std::string lock_text(lock_kind kind, call_reading const& call)
{
    auto const with_address = [&](std::string_view what) { return formatted("{} {:#x}", {what, call.arguments[0]}); };
    switch (kind) {
        case lock_kind::mutex: return with_address("mutex");
        case lock_kind::condition_variable: return "condition variable";
        case lock_kind::semaphore: return with_address("semaphore");
        case lock_kind::read_write_lock: return "read-write lock";
        case lock_kind::future: return "a future";
        case lock_kind::join: return formatted("the end of thread {}", {call.futex_word});
        case lock_kind::atomic: return "the change of an atomic";
        case lock_kind::initialization: return "an initialization that another thread has begun";
        case lock_kind::other: break;
    }
    return describe(call);
}

/// Pure.
inline occupation occupation_of(thread_reading const& r, view<frame const> stack)
{
    if (r.state == 'T' || r.state == 't') return {activity::stopped, {}, "stopped"};
    if (!r.in_kernel) return {r.state == 'R' ? activity::running : activity::unknown, {}, "on CPU"};
    // Where in the kernel a disk is waited for says which part of it was slow: a journal, a queue, a page.
    auto const in_kernel = [&](std::string const& call) {
        return r.wait_channel.empty() ? call : formatted("{} in {}", {call, r.wait_channel.view()});
    };
    std::string_view const name = syscall_of(r.call.number).name;
    auto const is = [name](auto... names) { return ((name == names) || ...); };
    if (r.call.number == call_reading::none) return {activity::disk, {}, in_kernel("a page fault")};
    if (is("futex", "futex_waitv", "futex_wait")) {
        lock_kind const kind = lock_kind_of(stack, r.call);
        return {activity::lock, kind, lock_text(kind, r.call)};
    }
    bool const syncs = is("fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "msync");
    // A parent waits uninterruptibly for the child of vfork(), and no disk is in it.
    bool const spawns = is("vfork", "clone", "clone3", "fork", "execve");
    if (syncs || (r.state == 'D' && !spawns)) return {activity::disk, {}, in_kernel(describe(r.call))};
    return {activity::call, {}, describe(r.call)};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
