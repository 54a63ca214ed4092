// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../platform/stack_bounds.hpp"
#include "../platform/thread.hpp"
#include "../unwind/trace.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Why there is no stack, or not all of it.
enum class capture_error : std::uint8_t {
    none,
    too_deep,        // there are more frames than a snapshot holds
    unsupported,     // no backend for this platform
    signal_taken,    // the program handles the signal itself
    signal_lost,     // the program took the signal after we had it
    no_answer,       // the thread did not run the signal handler in time
    half_restored,   // an exception was being unwound: frames may be those of another moment
    guessed,         // a frame is the most plausible of several
    unloaded,        // a library was unloaded before the copy was walked: another may lie where a frame's code was
    no_unwind_info,  // the code at some frame has none
    copy_exhausted,  // it is deeper than what was copied
    bad_stack,       // its unwind information or its stack makes no sense
    unknown_register,
    unreadable,   // the kernel refused to copy the stack
    not_told,     // it sleeps, and the kernel does not say where
    no_proc,      // without /proc it is not known whether it sleeps or waits for a CPU
    thread_gone,  // the thread has ended
    recovered,    // the loop was free again before the capture
    busy,         // every slot is in use
    not_taken     // no capture was requested
};

[[nodiscard]] constexpr std::string_view text_of(capture_error why) noexcept
{
    switch (why) {
        case capture_error::none: return "";
        case capture_error::too_deep: return "the stack is deeper than 128 frames: the outermost are missing";
        case capture_error::unsupported: return "capture is not supported on this platform or was switched off";
        case capture_error::signal_taken:
            return "the program handles the capture signal itself: see use_capture_signal()";
        case capture_error::signal_lost: return "the program replaced the handler of the capture signal";
        case capture_error::no_answer:
            return "the thread did not answer the capture signal within 50 ms: it blocks the signal, waits "
                   "uninterruptibly, or was given no CPU";
        case capture_error::half_restored: return "an exception was being unwound: frames may be half restored";
        case capture_error::guessed: return "a frame was found by what looked best, not by proof";
        case capture_error::unloaded: return "a library was unloaded meanwhile: frames may be misread";
        case capture_error::no_unwind_info: return "it stopped at code without unwind information";
        case capture_error::copy_exhausted: return "the stack goes on beyond the 64 KB that were copied";
        case capture_error::bad_stack: return "it stopped where unwind information and stack contradict each other";
        case capture_error::unknown_register:
            return "the outermost function found keeps its frame in a register that is not known";
        case capture_error::unreadable:
            return "the stack can't be read: both process_vm_readv and /proc/self/mem are refused to this program";
        case capture_error::not_told:
            return "the thread sleeps, the kernel refuses to tell where (is the program undumpable?), and a signal "
                   "would cut its call short";
        case capture_error::no_proc:
            return "/proc can't be read, so it is not known whether the thread sleeps or waits for a CPU, and a signal "
                   "would cut a sleeping thread's call short";
        case capture_error::thread_gone: return "the thread has ended";
        case capture_error::recovered: return "the loop was free again before its stack could be taken";
        case capture_error::busy: return "too many loops were blocked at once";
        case capture_error::not_taken: return "no stack was asked for";
    }
    return "";
}

/// Where a thread is in relation to a loop, according to its list of loops.
enum class standing : std::uint8_t {
    unknown,
    outside,  // it does not run the loop
    inside,   // it runs the loop; whether it is in a handler is not known
    parked,   // it runs the loop, and is in no handler
    handler   // it runs the loop, and is in a handler
};

/// A thread that may run a loop.
struct loop_thread {
    thread_number number{0};
    /// Only frames further in than this can be the loop's: of the thread that made a guard, what it called since.
    std::uintptr_t within{~std::uintptr_t{0}};
    stack_bounds stack{};         // not known if the thread has only run ordinary heartbeats
    scheduler_identity loop{};    // the loop, if it has a known identity
    scheduler_identity strand{};  // the strand that it was seen in, if any
};

/// What was captured of one thread.
struct snapshot {
    static constexpr std::size_t max_frames = 128;

    fixed<std::uintptr_t, max_frames> addresses;  // most recent first; only the first `size` are set
    fixed<frame_mark, max_frames> marks;
    fixed<std::uint32_t, max_frames> contents;  // a hash of what each frame holds in memory; 0: not known
    std::size_t size{0};
    bool first_is_exact{false};  // the first address is where it was interrupted, not a return address
    bool in_call{false};         // in a system call, or just after one, which may have ended long ago
    bool asleep{false};          // it slept in that call
    capture_error missing{capture_error::not_taken};
    time_point taken_at{};
    thread_number thread{0};
    std::uintptr_t within{~std::uintptr_t{0}};  // only frames further in can be the loop's
    stack_bounds stack{};
    std::size_t awaiters_size{0};
    fixed<std::uintptr_t, 64> awaiters;  // functions of the coroutines that await the running one, innermost first
    std::uintptr_t awaited{0};           // the function of the coroutine that they await
    time_point awaiters_read_at{};       // later than taken_at: frames of coroutines are on the heap
    std::size_t loop_frames{0};          // how many of the frames are further in than `within`
    scheduler_identity strand{};         // the strand because of which the thread is captured, if any
    bool let_go{false};                  // the thread has left that strand
    scheduler_identity loop{};           // the loop because of which the thread is captured
    standing where{standing::unknown};   // in relation to that loop
    std::size_t inner_frames{0};         // if it runs it: how many frames are the handler's, or the scheduler's

    [[nodiscard]] view<std::uintptr_t const> frames() const { return {addresses.data(), size}; }

    [[nodiscard]] view<std::uintptr_t const> awaiting() const { return {awaiters.data(), awaiters_size}; }

    /// Whether the outermost frame is there.
    [[nodiscard]] bool complete() const
    {
        return missing == capture_error::none || missing == capture_error::guessed ||
               missing == capture_error::half_restored || missing == capture_error::unloaded;
    }
};
static_assert(std::is_trivially_copyable_v<snapshot>);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
