// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../clock.hpp"
#include "../config.hpp"
#include "../thread.hpp"
#include "../unwind/foreign_memory.hpp"
#include "../unwind/registers.hpp"
#include "snapshot.hpp"
#include "stack_image.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

// Capture of a thread that sleeps in the kernel, without a signal: a signal makes nanosleep, poll, epoll_wait and
// others return EINTR even with SA_RESTART, which would change what the program does. The kernel tells where such a
// thread sleeps (proc_pid_syscall(5)); what it does not tell is whether the thread still sleeps when its stack has been
// read. That is told by counters of how often it was given a CPU: if they stand where they stood, it did not run.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A file of /proc about one thread.
class thread_file {
public:
    static constexpr std::size_t most = 4096;

    /// "" if it can't be read.
    std::string_view read(thread_number thread, char const* name)
    {
        std::array<char, 64> path{};
        std::snprintf(path.data(), path.size(), "/proc/self/task/%lld/%s", static_cast<long long>(thread), name);
        int const file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
        if (file < 0) return {};
        auto const size = ::read(file, text_.data(), text_.size() - 1);
        ::close(file);
        if (size <= 0) return {};
        text_[static_cast<std::size_t>(size)] = '\0';
        return {text_.data(), static_cast<std::size_t>(size)};
    }

private:
    std::array<char, most> text_;
};

/// How often a thread was put on a CPU, and for how long: it can't run without changing them.
struct run_counters {
    unsigned long long first{0};
    unsigned long long second{0};
    friend bool operator==(run_counters const&, run_counters const&) = default;
};

inline std::optional<run_counters> run_counters_of(thread_number thread, thread_file& file)
{
    // "ns on CPU, ns waiting for one, timeslices"; all zero where the kernel was built without.
    if (auto const text = file.read(thread, "schedstat"); !text.empty()) {
        char* at = nullptr;
        run_counters c;
        // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): thread_file ends its text with a zero
        c.first = std::strtoull(text.data(), &at, 10);
        std::strtoull(at, &at, 10);
        c.second = std::strtoull(at, nullptr, 10);
        if (c.second != 0) return c;
    }
    auto const text = file.read(thread, "status");
    auto const number_after = [&](std::string_view label) -> std::optional<unsigned long long> {
        auto const at = text.find(label);
        if (at == text.npos) return std::nullopt;
        return std::strtoull(text.data() + at + label.size(), nullptr, 10);
    };
    auto const wanted = number_after("\nvoluntary_ctxt_switches:");
    auto const forced = number_after("\nnonvoluntary_ctxt_switches:");
    if (!wanted || !forced) return std::nullopt;
    return run_counters{*wanted, *forced};
}

/// Where a thread sleeps in the kernel.
struct kernel_entry {
    std::array<char, 256> line{};  // as it was read, to compare
    std::size_t length{0};
    long call{0};  // the system call's number; -1: it is in the kernel for another reason, a page fault
    std::uintptr_t sp{0};
    std::uintptr_t pc{0};
};

enum class doing { running, sleeping, unreadable };

inline doing kernel_entry_of(thread_number thread, thread_file& file, kernel_entry& to)
{
    auto const text = file.read(thread, "syscall");
    if (text.empty() || text.size() >= to.line.size()) return doing::unreadable;
    if (text.starts_with("running")) return doing::running;
    text.copy(to.line.data(), text.size());
    to.length = text.size();
    char const* at = text.data();
    char* end = nullptr;
    to.call = std::strtol(at, &end, 10);
    if (end == at) return doing::unreadable;
    if (to.call >= 0)
        for (int i = 0; i < 6; ++i) std::strtoull(end, &end, 16);
    to.sp = std::strtoull(end, &end, 16);
    to.pc = std::strtoull(end, &end, 16);
    return to.sp == 0 ? doing::unreadable : doing::sleeping;
}

/// 'R' if it runs or waits for a CPU, 'S', 'D' and others if it sleeps; '?' if it is gone. Unlike "syscall", anybody
/// may read this: also where the program has made itself undumpable, or changed its user.
inline char state_of(thread_number thread, thread_file& file)
{
    // "1234 (name) R ...", and the name may contain parentheses.
    auto const text = file.read(thread, "stat");
    auto const at = text.rfind(") ");
    return at == text.npos || at + 2 >= text.size() ? '?' : text[at + 2];
}

/// Looks at sleeping threads. For one thread, the watchdog; some 60 us a look.
class sleeper_capture {
public:
    /// What became of a look.
    enum class result {
        taken,    // it slept all the while: the snapshot is of this moment
        running,  // it runs: it must be asked
        moved,    // it woke meanwhile, each time
        refused,  // it sleeps, or is gone, and the kernel does not tell more
    };

    result operator()(thread_number thread, offline_unwinder& unwind, snapshot& to)
    {
        // Many: a signal to one that sleeps again and again would most likely cut a sleep short.
        constexpr int tries = 10;
        for (int i = 0; i < tries; ++i) {
            // If it is found here once more, it has slept between the counters: also before it was first found here,
            // up to the earlier of them. So a thread that runs costs but one file.
            auto const found = kernel_entry_of(thread, file_, entry_);
            if (found == doing::running) return result::running;
            auto const before = run_counters_of(thread, file_);
            to.taken_at = clock::now();
            bool const told = found == doing::sleeping && before && is_of_this_machine(unwind);
            if (!told || !copy_stack(entry_.sp, to.stack, stack_))
                return state_of(thread, file_) == 'R' ? result::running : result::refused;
            // The walk may read what was not copied, so it comes before the check that nothing has moved.
            unwind(registers_of_sleeper(entry_.pc, entry_.sp), stack_.copy(), outside_copy::read, to);
            bool const same = kernel_entry_of(thread, file_, after_) == doing::sleeping &&
                              std::string_view{after_.line.data(), after_.length} ==
                                  std::string_view{entry_.line.data(), entry_.length};
            if (same && run_counters_of(thread, file_) == before) return result::taken;
        }
        return result::moved;
    }

    /// The system call that the last look found the thread in.
    [[nodiscard]] long call() const { return entry_.call; }
    [[nodiscard]] stack_bytes const& stack() const { return stack_; }

private:
    /// Under an emulator of another machine (qemu-user) the kernel tells where the emulator sleeps.
    [[nodiscard]] bool is_of_this_machine(offline_unwinder& unwind) const
    {
        return entry_.call < 0 || unwind.follows_system_call(entry_.pc);
    }

    thread_file file_;
    kernel_entry entry_;
    kernel_entry after_;
    stack_bytes stack_;
};

/// Whether a signal cuts this system call short in a way that the program sees. Those listed are taken up again by the
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
