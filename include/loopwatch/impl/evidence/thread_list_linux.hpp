// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"
#include "../platform/thread.hpp"
#include "reading.hpp"
#include "thread_files_linux.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The threads of this process. For the watchdog: unlike opendir() it does not allocate, because the blocked thread may
/// hold the allocator's lock. Takes 10 us.
class thread_list {
public:
    /// Calls take(thread) for each thread but the calling one, until it returns false. True: these were all.
    template <typename Take>
    bool list(Take const& take)
    {
        kept_errno const keep;
        int const folder = ::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0) return false;
        bool const all = list_from(folder, take);
        ::close(folder);
        return all;
    }

private:
    template <typename Take>
    bool list_from(int folder, Take const& take)
    {
        thread_number const self = this_thread_number();
        for (;;) {
            long const size = ::syscall(SYS_getdents64, folder, buffer_.data(), buffer_.size());
            if (size <= 0) return size == 0;
            // struct linux_dirent64 of getdents(2): inode (8 bytes), offset (8), length (2), type (1), name.
            constexpr std::size_t length_at = 16;
            constexpr std::size_t name_at = 19;
            for (std::size_t at = 0; at + name_at < static_cast<std::size_t>(size);) {
                std::uint16_t length = 0;
                std::memcpy(&length, buffer_.data() + at + length_at, sizeof length);
                auto const thread = number_of(buffer_.data() + at + name_at);
                if (thread && *thread != self && !take(*thread)) return false;
                at += length;
            }
        }
    }

    /// Nothing for "." and "..".
    static maybe<thread_number> number_of(char const* name)
    {
        thread_number number = 0;
        for (; *name >= '0' && *name <= '9'; ++name) number = number * 10 + (*name - '0');
        return *name == '\0' && number > 0 ? maybe{number} : nothing;
    }

    alignas(8) fixed<char, 4096> buffer_{};
};

/// Whether a thread that sleeps in this call may be waiting for work: Asio's schedulers wait in one of these. Pure.
inline bool may_wait_for_work(call_reading const& call)
{
    switch (call.number) {
#if defined(SYS_epoll_wait)
        case SYS_epoll_wait:
        case SYS_poll:
        case SYS_select:
#endif
        case SYS_epoll_pwait:
        case SYS_ppoll:
        case SYS_pselect6:
#if defined(SYS_epoll_pwait2)
        case SYS_epoll_pwait2:
#endif
#if defined(SYS_io_uring_enter)
        case SYS_io_uring_enter:
#endif
        case SYS_futex: return true;
        default: return false;
    }
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
