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

// The signal-safe half of a capture: everything here down to on_capture_signal runs in a signal handler, at any point
// of the program, also inside malloc, the loader or the unwinder. It calls no function of libc, allocates nothing,
// takes no lock, wakes nobody (8 us, if that is on another CPU of a virtual machine), and touches no memory but static
// slots and the interrupted stack. It is not instrumented by sanitizers, whose own runtime it may have interrupted.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Static and never freed: a signal that arrives late, in a thread that was stuck, still finds its slot. Pages that no
// capture has used take no memory.
LOOPWATCH_SHARED inline fixed<capture_slot, 8> capture_slots{};

// How many of them were ever used. The handler looks at no others, each of which would cost it a page.
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

/// async-signal-safe. Where the list of this very thread begins is one word of what libc keeps of it, which is there
/// for as long as the thread.
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

/// The handler of another runtime of this library in the process, which was there first: of a plugin and its host that
/// share no symbols. It is passed the signal on.
LOOPWATCH_SHARED inline capture_handler next_capture_handler{nullptr};

/// The signal handler. It serves every request for this thread, not the one that its signal was sent for: pending
/// signals of one number are merged, and a late one must not be mistaken for an answer to what was revoked.
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
