// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../evidence/proc_text.hpp"
#include "../evidence/run_time_linux.hpp"
#include "../evidence/thread_files_linux.hpp"
#include "../platform/thread.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// A thread that is ready to run may not run: on a busy machine a thread that was woken waits for a CPU inside the
// system call in which it slept. The kernel reports it as running, but a signal would still interrupt that call. So a
// thread is sent a signal only when it is known to have left the call.

/// Whether a thread is on a CPU right now: its CPU-time clock advances. True also if that is not known. Takes 1 us.
[[nodiscard]] inline bool is_on_cpu(thread_number thread)
{
    auto const before = run_time_of(thread);
    return !before || run_time_of(thread) != before;
}

/// A thread that was found ready to run, and not on a CPU.
class ready_thread {
public:
    ready_thread() = default;
    explicit ready_thread(thread_number thread) : thread_{thread}, sleeps_{sleeps_of(thread)}, ran_{run_time_of(thread)}
    {
    }

    /// Whether it has run since construction without going to sleep: then it computes, with or without a CPU just now.
    /// Takes 10 us.
    [[nodiscard]] bool computes() const
    {
        return run_time_of(thread_) != ran_ && sleeps_ && sleeps_of(thread_) == sleeps_;
    }

private:
    static maybe<std::uint64_t> sleeps_of(thread_number thread)
    {
        fixed<char, 4096> buffer;
        return number_after(thread_files::shared().read(thread, proc_file::status, buffer), "voluntary_ctxt_switches:");
    }

    thread_number thread_{0};
    // Read before the clock, so that a thread that goes to sleep between the two does not count as computing.
    maybe<std::uint64_t> sleeps_;
    maybe<nanoseconds> ran_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
