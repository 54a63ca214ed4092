// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../thread.hpp"
#include "waiting_place.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Where threads of this process sleep in the kernel, asked often: the files stay open. A look takes 1 us. For one
/// thread.
class thread_calls {
public:
    constexpr thread_calls() = default;

    /// Nothing: it runs, is gone, or the kernel does not tell.
    [[nodiscard]] std::optional<kernel_call> operator()(thread_number thread)
    {
        file* const of = file_of(thread);
        if (of == nullptr) return std::nullopt;
        std::array<char, 256> text;
        auto const size = ::pread(of->descriptor, text.data(), text.size() - 1, 0);
        if (size < 0 && errno == ESRCH) {
            // Gone. Another thread with its number has another file.
            ::close(of->descriptor);
            *of = {};
            return std::nullopt;
        }
        text[size > 0 ? static_cast<std::size_t>(size) : 0] = '\0';
        auto const call = parse_kernel_call(text.data());
        bool const ours = call || std::strncmp(text.data(), "running", 7) == 0 || text[0] == '-';
        // The program has closed our descriptor, and may have reused its number: not ours to close.
        if (!ours) *of = {};
        return call;
    }

    /// In the child of a fork, where the files are still those of the parent's threads.
    void forget()
    {
        for (file& each : files_) {
            if (each.descriptor >= 0) ::close(each.descriptor);
            each = {};
        }
    }

private:
    struct file {
        thread_number thread{0};
        int descriptor{-1};
        std::uint64_t used{0};
    };

    file* file_of(thread_number thread)
    {
        auto found = std::ranges::find(files_, thread, &file::thread);
        if (found == files_.end()) {
            found = std::ranges::min_element(files_, {}, &file::used);
            if (found->descriptor >= 0) ::close(found->descriptor);
            *found = {};
            std::array<char, 64> path{};
            std::snprintf(path.data(), path.size(), "/proc/self/task/%lld/syscall", static_cast<long long>(thread));
            int const descriptor = ::open(path.data(), O_RDONLY | O_CLOEXEC);
            if (descriptor < 0) return nullptr;
            *found = {thread, descriptor, 0};
        }
        found->used = ++clock_;
        return &*found;
    }

    std::array<file, 32> files_{};
    std::uint64_t clock_{0};
};

/// For how long a thread of this process has run, in nanoseconds: while it stands still, so does the thread. Half as
/// long a look as at its system call. Nothing, if the thread is gone or the kernel counts in ticks.
[[nodiscard]] inline std::optional<std::int64_t> exact_run_time(thread_number thread)
{
    // The number of a thread's clock (linux/posix-timers_types.h; clock_getcpuclockid(3) makes them of process
    // numbers).
    constexpr std::uint32_t scheduler_clock_of_thread = 6;
    auto const id = static_cast<clockid_t>(~static_cast<std::uint32_t>(thread) << 3 | scheduler_clock_of_thread);
    timespec t{};
    if (::clock_gettime(id, &t) != 0 || t.tv_nsec % 1'000'000 == 0) return std::nullopt;
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

/// Under the watchdog's mutex.
inline thread_calls& process_thread_calls()
{
    static constinit thread_calls one;  // made by the compiler: a child of a fork may use it at once
    return one;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
