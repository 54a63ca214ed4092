// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../platform/thread.hpp"
#include "call_reader_linux.hpp"
#include "proc_text.hpp"
#include "reading.hpp"
#include "run_time_linux.hpp"
#include "thread_files_linux.hpp"

#include <cstddef>
#include <string_view>

#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Reads the kernel's data about threads of this process. Used under the watchdog's mutex; has 70 KB. Does not
/// allocate, does not disturb the threads, and keeps errno. If a file can't be opened, for want of descriptors say, its
/// data are not known.
class thread_reader {
public:
    explicit thread_reader(thread_files& files = thread_files::shared()) : files_{files} {}

    /// Takes 1 us. False: not known, because the thread has ended. Without schedstat, which the kernel or a missing
    /// /proc may not offer, the thread's CPU-time clock is read.
    bool counters(thread_number thread, thread_counters& to)
    {
        kept_errno const keep;
        auto const ran = run_time_of(thread);  // also updates the kernel's counters of a running thread
        fixed<char, 128> buffer;
        to = parse_schedstat(files_.read(thread, proc_file::schedstat, buffer));
        if (!to.known && ran) to = {.known = true, .on_cpu = *ran, .run_delay_counted = false};
        to.at = clock::now();
        return to.known;
    }

    /// Reads everything; takes tens of microseconds. False: the thread has ended, or there is no /proc.
    bool read(thread_number thread, thread_reading& to)
    {
        to = {};
        to.thread = thread;
        counters(thread, to.counters);
        to.at = to.counters.at;
        fixed<char, 1024> buffer;
        parse_stat(files_.read(thread, proc_file::stat, buffer), tick_, to);
        if (to.state == 0) return false;
        read_call(thread, to);
        if (to.in_kernel) to.wait_channel = parse_wchan(files_.read(thread, proc_file::wchan, buffer));
        to.done_at = clock::now();
        return true;
    }

private:
    void read_call(thread_number thread, thread_reading& to)
    {
        constexpr int tries = 2;
        for (int i = 0; i < tries; ++i) {
            kernel_sleep before;
            if (look_into_kernel(thread, files_, before) != seen_in_kernel::sleeping) break;
            to.in_kernel = true;
            to.call = {};
            to.call.number = before.call;
            to.call.arguments = before.arguments;
            if (before.call == call_reading::none) return;
            kept_errno const keep;
            read_call_(to.call);
            kernel_sleep after;
            if (look_into_kernel(thread, files_, after) == seen_in_kernel::sleeping && after == before) return;
        }
        // The thread runs, or enters calls quickly: what its arguments pointed to may belong to another call by now.
        call_reading const read = to.call;
        to.call = {};
        to.call.number = read.number;
        to.call.arguments = read.arguments;
    }

    thread_files& files_;
    call_reader read_call_;
    nanoseconds tick_{1'000'000'000 / ::sysconf(_SC_CLK_TCK)};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
