// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../doorbell.hpp"
#include "../thread.hpp"
#include "../unwind/foreign_memory.hpp"
#include "../unwind/system_call.hpp"
#include "signal_choice.hpp"
#include "slot.hpp"
#include "snapshot.hpp"
#include "stack_image.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>

#include <signal.h>
#include <sys/syscall.h>

// The signal-safe half of a capture: everything here down to on_capture_signal runs in a signal handler, at any point
// of the program, also inside malloc, the loader or the unwinder. It calls no function of libc, allocates nothing,
// takes no lock, and touches no memory but static slots and, by way of the kernel, the interrupted stack. It is not
// instrumented by sanitizers, whose own runtime it may have interrupted.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Static and never freed: a signal that arrives late, in a thread that was stuck, still finds its slot. Pages that no
// capture has used take no memory.
LOOPWATCH_SHARED inline std::array<capture_slot, 8> capture_slots{};

// async-signal-safe. No memcpy: sanitizers and the loader's lazy binding stand behind that name.
LOOPWATCH_UNINSTRUMENTED inline void copy_words(machine_words& to, void const* from) noexcept
{
    auto* out = reinterpret_cast<char*>(&to);
    std::size_t left = sizeof to;  // NOLINT(misc-const-correctness): the assembler counts it down
#if LOOPWATCH_HAS_X86_64()
    __asm__ volatile("rep movsb" : "+D"(out), "+S"(from), "+c"(left)::"memory");
#else
    auto const* in = static_cast<char const*>(from);
    while (left-- > 0) {
        *out++ = *in++;
        __asm__ volatile("" ::: "memory");  // keeps the compiler from calling memcpy
    }
#endif
}

/// async-signal-safe
LOOPWATCH_UNINSTRUMENTED inline void take_image(stack_image& to, void* context) noexcept
{
    copy_words(to.words, machine_words_in(context));
    timespec now{};
    system_call(SYS_clock_gettime, CLOCK_MONOTONIC, reinterpret_cast<long>(&now));
    to.taken_at_ns = now.tv_sec * 1'000'000'000LL + now.tv_nsec;
    copy_stack(stack_pointer_of(to.words), to.stack);
}

/// The signal handler. It serves every request for this thread, not the one that its signal was sent for: pending
/// signals of one number are merged, and a late one must not be mistaken for an answer to what was revoked.
LOOPWATCH_UNINSTRUMENTED inline void on_capture_signal(int, siginfo_t*, void* context)
{
    auto const me = static_cast<std::uint32_t>(system_call(SYS_gettid));
    for (capture_slot& slot : capture_slots) {
        if (!slot.begin_writing(me)) continue;
        take_image(slot.image, context);
        doorbell* const bell = slot.bell;
        slot.end_writing();
        bell->ring();  // the process's one doorbell: it outlives every request
    }
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
