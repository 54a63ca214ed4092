// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../platform/thread.hpp"
#include "proc_text.hpp"
#include "reading.hpp"
#include "run_time_linux.hpp"
#include "thread_files_linux.hpp"

#include <array>
#include <cstddef>
#include <string_view>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The counters of the calling thread, which may have ended before another thread could read them. Takes 5 us. By
/// syscall(), because open(), read() and close() are cancellation points. Keeps errno.
[[nodiscard]] inline thread_counters this_thread_counters() noexcept
{
    kept_errno const keep;
    auto const ran = run_time_of(this_thread_number());  // also updates the kernel's counters of a running thread
    thread_counters own;
    if (long const file = ::syscall(SYS_openat, AT_FDCWD, "/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
        file >= 0) {
        fixed<char, 128> text;
        long const size = ::syscall(SYS_read, file, text.data(), text.size());
        ::syscall(SYS_close, file);
        if (size > 0) own = parse_schedstat({text.data(), static_cast<std::size_t>(size)});
    }
    if (!own.known && ran) own = {.known = true, .on_cpu = *ran, .run_delay_counted = false};
    own.at = clock::now();
    return own;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
