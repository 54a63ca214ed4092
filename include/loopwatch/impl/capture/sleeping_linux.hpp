// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../evidence/proc_text.hpp"
#include "../evidence/thread_files_linux.hpp"
#include "../platform/stack_bounds.hpp"
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
    bool in_nanoseconds{true};  // the first: so no other thread has the same, not even one that got the same number
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
    return run_counters{*wanted, *forced, false};
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
            time_point const asked_at = clock::now();
            auto const found = look_into_kernel(thread, files_, entry_);
            if (found == seen_in_kernel::running) return result::running;
            auto const before = run_counters_of(thread, files_);
            if (found == seen_in_kernel::sleeping && before && has_slept_since(thread, *before, asked_at, to))
                return result::taken;
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
            keep(thread, *before, to);
            return result::taken;
        }
        return result::moved;
    }

    /// The system call in which the last captured thread slept.
    [[nodiscard]] long call() const { return entry_.call; }
    [[nodiscard]] stack_bytes const& stack() const { return stack_; }

    /// The next capture of each thread reads its stack, also if it slept all the while.
    void forget()
    {
        for (sleep& each : kept_) each.thread = 0;
    }

private:
    /// What was captured of a thread that may still sleep.
    struct sleep {
        thread_number thread{0};
        kernel_sleep entry;
        run_counters counters;
        snapshot found;
    };

    /// Whether the thread has not run since it was captured for the same loop: then `to` is what was found then, at
    /// this moment. So it is with most samples of a block, and with threads that wait for work.
    [[nodiscard]] bool has_slept_since(thread_number thread, run_counters const& counters, time_point now, snapshot& to)
    {
        auto const same = [](scheduler_identity const& a, scheduler_identity const& b) {
            return a.address == b.address && a.list == b.list;
        };
        sleep const* const kept = sleep_of(thread);
        if (kept == nullptr || !counters.in_nanoseconds || kept->counters != counters || kept->entry != entry_)
            return false;
        snapshot const& found = kept->found;
        if (found.within != to.within || !same(found.loop, to.loop) || !same(found.strand, to.strand)) return false;
        stack_bounds const bounds = to.stack;
        thread_number const asked_as = to.thread;
        to = found;
        to.stack = bounds;
        to.thread = asked_as;
        to.taken_at = to.awaiters_read_at = now;
        return true;
    }

    void keep(thread_number thread, run_counters const& counters, snapshot const& found)
    {
        sleep* to = sleep_of(thread);
        if (to == nullptr) to = &kept_[next_++ % kept_.size()];
        *to = {thread, entry_, counters, found};
    }
    [[nodiscard]] sleep* sleep_of(thread_number thread) { return first_with(kept_, &sleep::thread, thread); }

    /// False under an emulator of another machine (qemu-user): there /proc says where the emulator sleeps.
    [[nodiscard]] bool is_of_this_machine(offline_unwinder& unwind) const
    {
        return entry_.call < 0 || unwind.follows_system_call(entry_.pc);
    }

    thread_files& files_{thread_files::shared()};
    kernel_sleep entry_;
    stack_bytes stack_;
    fixed<sleep, 8> kept_{};  // the last ones, of different threads
    std::size_t next_{0};
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
