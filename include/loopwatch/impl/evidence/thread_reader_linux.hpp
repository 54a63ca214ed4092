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

/// Reads what the kernel tells of threads of this process. Used under the watchdog's mutex; 70 KB. Allocates nothing,
/// disturbs nobody, and keeps errno. Files that can't be opened, descriptors being used up, are "not known".
class thread_reader {
public:
    explicit thread_reader(thread_files& files = thread_files::shared()) : files_{files} {}

    /// How it has spent its life. About 1 us. False, and not known: it is gone. Where there is no schedstat, because
    /// the kernel was built without or there is no /proc, its clock tells how long it ran.
    bool counters(thread_number thread, thread_counters& to)
    {
        kept_errno const keep;
        auto const ran = run_time_of(thread);  // also brings the counts of a running thread up to date
        fixed<char, 128> buffer;
        to = parse_schedstat(files_.read(thread, proc_file::schedstat, buffer));
        if (!to.known && ran) to = {.known = true, .on_cpu = *ran, .run_delay_counted = false};
        to.at = clock::now();
        return to.known;
    }

    /// Everything. Tens of microseconds. False: it is gone, or there is no /proc.
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
        // It runs, or is quick: then what its arguments pointed to can't be told from what the next call's do.
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
