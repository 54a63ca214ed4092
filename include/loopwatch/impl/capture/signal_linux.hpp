// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../platform/system_call.hpp"
#include "../platform/thread.hpp"
#include "../unwind/foreign_memory_linux.hpp"
#include "handler_mark.hpp"
#include "signal_choice.hpp"
#include "slot.hpp"
#include "snapshot.hpp"
#include "stack_image.hpp"

#include <cstddef>
#include <cstdint>
#include <ctime>

#include <signal.h>
#include <sys/syscall.h>

// The signal-safe half of a capture: everything here but request_slot() runs in a signal handler, at any point of the
// program, also inside malloc, the loader or the unwinder. It calls no function of libc, does not allocate, takes no
// lock, wakes no thread (that takes 8 us if it is on another CPU of a virtual machine), and accesses only static slots,
// the interrupted stack and libc's data of its thread. Sanitizers don't instrument it: it may interrupt their runtime.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Static and never freed: a signal that arrives late, in a thread that was stuck, still finds its slot. Pages that were
// never used take no memory.
LOOPWATCH_SHARED inline fixed<capture_slot, 8> capture_slots{};

// How many of them were ever used. The handler does not look at the others: each would cost it a page fault.
LOOPWATCH_SHARED inline std::size_t capture_slots_used{0};

/// On the watchdog, before the signal is sent. Null if all are in use.
inline capture_slot* request_slot(std::uint32_t thread, stack_bounds const& bounds, scheduler_identity const& loop,
                                  scheduler_identity const& strand = {})
{
    for (std::size_t i = 0; i < capture_slots.size(); ++i) {
        if (!capture_slots[i].request(thread, bounds, loop, strand)) continue;
        if (i >= __atomic_load_n(&capture_slots_used, __ATOMIC_RELAXED))
            __atomic_store_n(&capture_slots_used, i + 1, __ATOMIC_RELEASE);
        return &capture_slots[i];
    }
    return nullptr;
}

/// The first element of the calling thread's list. async-signal-safe: it is a word at a fixed distance from the thread
/// pointer, in memory that exists as long as the thread.
LOOPWATCH_UNINSTRUMENTED inline std::uintptr_t list_head(scheduler_identity const& of) noexcept
{
    if (of.address == 0) return 0;
    return *reinterpret_cast<std::uintptr_t const*>(thread_pointer() + static_cast<std::uintptr_t>(of.list));
}

/// async-signal-safe
LOOPWATCH_UNINSTRUMENTED inline void take_image(stack_image& to, capture_slot const& asked, void* context) noexcept
{
    copy_bytes(&to.words, machine_words_in(context), sizeof to.words);
    timespec now{};
    system_call(SYS_clock_gettime, CLOCK_MONOTONIC, reinterpret_cast<long>(&now));
    to.taken_at_ns = now.tv_sec * 1'000'000'000LL + now.tv_nsec;
    to.run_list = list_head(asked.loop);
    to.strand_list = list_head(asked.strand);
    copy_own_stack(stack_pointer_of(to.words), asked.bounds, to.stack);
}

/// The handler of another runtime of this library in the process, which was installed first (see handler_mark.hpp): the
/// signal is passed on to it. Null if there is none.
LOOPWATCH_SHARED inline capture_handler next_capture_handler{nullptr};

/// The signal handler. It answers all requests for this thread, not only the one for which the signal was sent: pending
/// signals of one number are merged, and a late one must not count as the answer to a revoked request.
LOOPWATCH_SHARED LOOPWATCH_UNINSTRUMENTED inline void on_capture_signal(int signal, siginfo_t* info, void* context)
{
    LOOPWATCH_MARK_CAPTURE_HANDLER();
    capture_handler const next = __atomic_load_n(&next_capture_handler, __ATOMIC_ACQUIRE);
    if (signal == 0) {  // the question of another runtime
        *static_cast<capture_handler*>(context) = next;
        return;
    }
    auto const me = static_cast<std::uint32_t>(system_call(SYS_gettid));
    capture_slot* const slots = capture_slots.data();
    std::size_t const used = __atomic_load_n(&capture_slots_used, __ATOMIC_ACQUIRE);
    for (std::size_t i = 0; i < used; ++i) {
        capture_slot& slot = slots[i];
        if (!slot.begin_writing(me)) continue;
        take_image(slot.image, slot, context);
        slot.end_writing();
    }
    if (next != nullptr) next(signal, info, context);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
