// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../evidence/proc_text.hpp"
#include "../evidence/thread_files_linux.hpp"
#include "../platform/thread.hpp"
#include "../run_list/run_lists.hpp"
#include "../unwind/foreign_memory_linux.hpp"
#include "../unwind/registers.hpp"
#include "snapshot.hpp"
#include "stack_image.hpp"

#include <cstddef>
#include <cstdint>

#include <sys/syscall.h>

// Capture of a thread that sleeps in the kernel, without a signal: a signal makes nanosleep, poll, epoll_wait and
// others return EINTR even with SA_RESTART, which would change what the program does. /proc says where such a thread
// sleeps (proc_pid_syscall(5)). Whether it slept all the while its stack was read is shown by counters of how often it
// was given a CPU: if they have not changed, it did not run.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Two counters that change whenever the thread runs: CPU time and time slices, or else both kinds of context switches.
struct run_counters {
    std::uint64_t first{0};
    std::uint64_t second{0};
    friend bool operator==(run_counters const&, run_counters const&) = default;
};

inline maybe<run_counters> run_counters_of(thread_number thread, thread_files& files)
{
    fixed<char, 4096> buffer;
    thread_counters const c = parse_schedstat(files.read(thread, proc_file::schedstat, buffer));
    if (c.known) return run_counters{static_cast<std::uint64_t>(c.on_cpu.count()), c.slices};
    auto const text = files.read(thread, proc_file::status, buffer);
    auto const wanted = number_after(text, "voluntary_ctxt_switches:");
    auto const forced = number_after(text, "nonvoluntary_ctxt_switches:");
    if (!wanted || !forced) return nothing;
    return run_counters{*wanted, *forced};
}

/// The state letter of /proc; 0 if the thread has ended. Unlike "syscall", this file is readable also if the program
/// has made itself undumpable, or changed its user.
inline char state_of(thread_number thread, thread_files& files)
{
    fixed<char, 1024> buffer;
    words in = fields_of_stat(files.read(thread, proc_file::stat, buffer));
    return next_state(in);
}

/// Captures sleeping threads. Used under the watchdog's mutex; a capture takes some 200 us.
class sleeper_capture {
public:
    enum class result {
        taken,    // the thread slept all the while: the snapshot is consistent
        running,  // the thread runs: it can only be captured by a signal
        moved,    // the thread ran during each attempt
        refused,  // the thread sleeps, and the kernel does not say where
        unknown   // not even its state is known: it has ended, or there is no /proc
    };

    result operator()(thread_number thread, offline_unwinder& unwind, snapshot& to)
    {
        // Many, because a signal would most likely interrupt a call of a thread that sleeps again and again.
        constexpr int tries = 10;
        for (int i = 0; i < tries; ++i) {
            // The order is: syscall, counters, stack, syscall, counters. If both agree, the thread slept in this call
            // from the first read of the counters to the last. If it runs, only one file is read.
            auto const found = look_into_kernel(thread, files_, entry_);
            if (found == seen_in_kernel::running) return result::running;
            auto const before = run_counters_of(thread, files_);
            to.taken_at = clock::now();
            bool const known = found == seen_in_kernel::sleeping && before && is_of_this_machine(unwind);
            if (!known || !copy_stack(entry_.sp, to.stack, stack_)) {
                switch (state_of(thread, files_)) {
                    case 'R': return result::running;
                    case '\0': return result::unknown;
                    default: return result::refused;
                }
            }
            // The walk may read memory that was not copied, so it comes before the check that the thread did not run.
            auto const first_of = [&](scheduler_identity const& one) -> maybe<std::uintptr_t> {
                return one.known() ? run_lists::shared().first_of(thread, one) : nothing;
            };
            list_heads const lists{first_of(to.loop), first_of(to.strand)};
            registers const from = registers_of_sleeper(entry_.pc, entry_.sp);
            unwind.walk(from, stack_.copy(), outside_copy::read, lists, to);
            kernel_sleep after;
            bool const same = look_into_kernel(thread, files_, after) == seen_in_kernel::sleeping && after == entry_;
            if (!same || run_counters_of(thread, files_) != before) continue;
            // After the check, because it takes longer than the walk: a thread that sleeps briefly would always fail.
            unwind.find_awaiters_of_last(from, stack_.copy(), to);
            if (to.awaiters_size > 0 && run_counters_of(thread, files_) != before) to.awaiters_size = 0;
            to.in_call = to.asleep = true;
            return result::taken;
        }
        return result::moved;
    }

    /// The system call in which the last captured thread slept.
    [[nodiscard]] long call() const { return entry_.call; }
    [[nodiscard]] stack_bytes const& stack() const { return stack_; }

private:
    /// False under an emulator of another machine (qemu-user): there /proc says where the emulator sleeps.
    [[nodiscard]] bool is_of_this_machine(offline_unwinder& unwind) const
    {
        return entry_.call < 0 || unwind.follows_system_call(entry_.pc);
    }

    thread_files& files_{thread_files::shared()};
    kernel_sleep entry_;
    stack_bytes stack_;
};

/// Whether this system call goes on after a signal, so that the program does not notice it: it is restarted by the
/// kernel under SA_RESTART (signal(7)), or by libc for a lock.
[[nodiscard]] inline bool is_restarted(long call)
{
    switch (call) {
        case SYS_futex:
        case SYS_read:
        case SYS_readv:
        case SYS_write:
        case SYS_writev:
        case SYS_wait4:
        case SYS_waitid:
        case SYS_accept:
        case SYS_accept4:
        case SYS_flock: return true;
        default: return false;
    }
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
