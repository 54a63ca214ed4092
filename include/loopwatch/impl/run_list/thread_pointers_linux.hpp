// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../platform/stack_bounds.hpp"
#include "../platform/system_call.hpp"
#include "../platform/thread.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <sys/syscall.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The head of the list of robust mutexes that a thread of this process has registered with the kernel
/// (get_robust_list(2)); 0 if it has registered none, or has ended. False if the kernel refuses the call. Thread 0 is
/// the calling one.
[[nodiscard]] inline bool find_robust_list(thread_number thread, std::uintptr_t& to)
{
    void* head = nullptr;
    std::size_t size = 0;
    long const result = system_call(SYS_get_robust_list, static_cast<long>(thread), reinterpret_cast<long>(&head),
                                    reinterpret_cast<long>(&size));
    to = reinterpret_cast<std::uintptr_t>(head);
    return !failed(result) || result == -ESRCH;
}

/// The thread pointers of other threads, which neither the kernel nor libc offers. glibc keeps the head of the list of
/// robust mutexes at the same distance from the thread pointer in every thread. musl registers no such list, so there
/// nothing is known.
class thread_pointers {
public:
    thread_pointers()
    {
        constexpr std::uintptr_t near = 1U << 16;  // both are in libc's data of a thread
        std::uintptr_t head = 0;
        if (!find_robust_list(0, head)) return;
        std::uintptr_t const distance = head - thread_pointer();
        if (head != 0 && distance + near < 2 * near) distance_ = distance;
    }

    /// 0: it has none, because it has ended or was not made by libc. Nothing: not known.
    [[nodiscard]] maybe<std::uintptr_t> of(thread_number thread) const
    {
        if (distance_ == 0) return nothing;
        std::uintptr_t head = 0;
        if (!find_robust_list(thread, head)) return nothing;
        return head != 0 ? head - distance_ : 0;
    }

private:
    std::uintptr_t distance_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
