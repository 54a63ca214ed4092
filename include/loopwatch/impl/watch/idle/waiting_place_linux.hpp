// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"
#include "../../../detail/maybe.hpp"
#include "../../evidence/proc_text.hpp"

#include <cstdint>

#include <linux/futex.h>
#include <sys/syscall.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What a thread waits for, whichever thread it is: an epoll instance, a ring, or a word of memory, which for as long
/// as a context lives belong to nobody else; and the instruction that waits for it.
struct waiting_place {
    long call{-1};
    std::uint64_t object{0};
    std::uintptr_t pc{0};
    friend bool operator==(waiting_place const&, waiting_place const&) = default;
};

/// Pure. Only a wait that has no end of its own counts: a loop that has nothing to do waits until it is woken. One with
/// a timeout is of a reactor that counts time itself, of run_for(), or of a handler. And only a wait for an object that
/// has a number or an address of its own: poll() and select() are given lists.
[[nodiscard]] inline maybe<waiting_place> waiting_place_of(kernel_sleep const& at)
{
    auto const& arguments = at.arguments;
    auto const place = [&] { return waiting_place{at.call, arguments[0], at.pc}; };
    auto const number = [](std::uint64_t argument) { return static_cast<std::int32_t>(argument & 0xffffffff); };
    switch (at.call) {
#if defined(SYS_epoll_wait)
        case SYS_epoll_wait:
#endif
        case SYS_epoll_pwait:  // epoll, events, size, milliseconds
            if (number(arguments[3]) != -1) return nothing;
            return place();
#if defined(SYS_epoll_pwait2)
        case SYS_epoll_pwait2:  // epoll, events, size, timespec
            if (arguments[3] != 0) return nothing;
            return place();
#endif
        case SYS_futex: {  // word, operation, value, timespec
            constexpr int operation_of = ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
            int const operation = number(arguments[1]) & operation_of;
            bool const waits = operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET;
            if (!waits || arguments[3] != 0) return nothing;
            return place();
        }
#if defined(SYS_io_uring_enter)
        case SYS_io_uring_enter: {  // ring, to submit, to wait for, flags; with flag 8, a timeout
            constexpr std::uint64_t get_events = 1;
            constexpr std::uint64_t extended = 8;
            if (arguments[2] == 0 || (arguments[3] & get_events) == 0 || (arguments[3] & extended) != 0) return nothing;
            return place();
        }
#endif
        default: return nothing;
    }
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
