// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../clock.hpp"
#include "../config.hpp"
#include "../doorbell.hpp"
#include "../thread.hpp"
#include "signal_choice.hpp"
#include "slot.hpp"
#include "snapshot.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <string>
#include <thread>

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

// Capture by a signal to the thread: its handler walks the stack with the unwinder that exceptions use, and collects
// return addresses. What is known to be wrong with that, and is to be replaced: the unwinder is not async-signal-safe
// in every state (hence no walk while an exception is on its way), and the signal cuts short system calls that are
// not restarted.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Static and never freed: a signal that arrives late, in a thread that was stuck, still finds its slot.
LOOPWATCH_SHARED inline std::array<capture_slot, 16> capture_slots{};

struct walk {
    snapshot* to;
    std::uintptr_t from;  // frames before this address are the signal's; 0: all are wanted
    bool found;
};

// async-signal-safe as far as the unwinder is
LOOPWATCH_UNINSTRUMENTED inline _Unwind_Reason_Code visit_frame(_Unwind_Context* context, void* state)
{
    auto& w = *static_cast<walk*>(state);
    auto const address = static_cast<std::uintptr_t>(_Unwind_GetIP(context));
    if (!w.found) {
        if (address != w.from) return _URC_NO_REASON;
        w.found = true;
    }
    if (address == 0 || address == ~std::uintptr_t{0}) return _URC_END_OF_STACK;
    if (w.to->size == snapshot::max_frames) {
        w.to->missing = gap::too_deep;
        return _URC_END_OF_STACK;
    }
    w.to->addresses[w.to->size++] = address;
    return _URC_NO_REASON;
}

LOOPWATCH_UNINSTRUMENTED inline std::uintptr_t interrupted_at(void* context) noexcept
{
    auto const& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    return static_cast<std::uintptr_t>(machine.gregs[REG_RIP]);
#else
    return static_cast<std::uintptr_t>(machine.pc);
#endif
}

/// Takes `to` for the calling thread, in a signal handler. async-signal-safe as far as the unwinder is.
LOOPWATCH_UNINSTRUMENTED inline void take_snapshot(snapshot& to, void* context) noexcept
{
    to.size = 0;
    to.missing = gap::none;
    to.first_is_exact = true;
    to.taken_at = clock::now();
    // From throw to the start of the catch block, libgcc keeps half-restored frames that a second walk trips over:
    // segmentation faults were seen in one of ten thousand captures of a program that throws.
    if (std::uncaught_exceptions() > 0) {
        to.missing = gap::unwinding;
        return;
    }
    walk w{&to, interrupted_at(context), false};
    _Unwind_Backtrace(visit_frame, &w);
}

/// The signal handler. It serves every request for this thread, not the one that its signal was sent for: pending
/// signals of one number are merged, and a late one must not be mistaken for an answer to what was revoked.
LOOPWATCH_UNINSTRUMENTED inline void on_capture_signal(int, siginfo_t*, void* context)
{
    int const kept = errno;
    auto const me = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    for (capture_slot& slot : capture_slots) {
        if (!slot.begin_writing(me)) continue;
        take_snapshot(slot.data, context);
        doorbell* const bell = slot.bell;
        slot.end_writing();
        bell->ring();  // the process's one doorbell: it outlives every request
    }
    errno = kept;
}

/// Walks once, so that what the unwinder loads and allocates the first time is there before it runs in a handler.
inline void prepare_capture()
{
    snapshot warm;
    walk w{&warm, 0, true};
    _Unwind_Backtrace(visit_frame, &w);
    static_cast<void>(std::uncaught_exceptions());
    static_cast<void>(signal_choice::get().ready(&on_capture_signal));
}

inline void capture_own_stack(snapshot& to) noexcept
{
    to.size = 0;
    to.missing = gap::none;
    to.first_is_exact = false;
    to.taken_at = clock::now();
    to.thread = this_thread_number();
    walk w{&to, 0, true};
    _Unwind_Backtrace(visit_frame, &w);
}

/// One capture under way. Used by the watchdog alone.
struct capture_request {
    capture_slot* slot{nullptr};
    thread_number thread{0};
    gap failed{gap::none};
    time_point until{};
};

constexpr std::chrono::milliseconds capture_patience{50};

inline capture_request request_capture(thread_number thread, doorbell& bell)
{
    capture_request request{nullptr, thread, gap::none, clock::now() + capture_patience};
    request.failed = signal_choice::get().ready(&on_capture_signal);
    if (request.failed != gap::none) return request;
    for (capture_slot& slot : capture_slots) {
        if (!slot.request(static_cast<std::uint32_t>(thread), bell)) continue;
        // tgkill and not pthread_kill: a thread that has ended gives ESRCH, where a pthread_t would dangle.
        if (::syscall(SYS_tgkill, ::getpid(), static_cast<pid_t>(thread), signal_choice::get().number()) == 0) {
            request.slot = &slot;
        } else {
            request.failed = errno == ESRCH ? gap::thread_gone : gap::no_answer;
            slot.revoke();
        }
        return request;
    }
    request.failed = gap::busy;
    return request;
}

inline void fail(capture_request& request, snapshot& to, gap why)
{
    to.size = 0;
    to.missing = why;
    to.thread = request.thread;
    to.taken_at = clock::now();
    request.slot = nullptr;
}

inline void collect(capture_request& request, snapshot& to)
{
    to = request.slot->data;
    to.thread = request.thread;
    request.slot->release();
    request.slot = nullptr;
}

/// Ends the request. If the handler is writing right now, waits for it: that takes microseconds, since the thread is
/// running. A handler that never ends, because the unwinder hangs in it, costs this slot and no more.
inline void revoke(capture_request& request, snapshot& to, gap why = gap::recovered)
{
    if (request.slot == nullptr) return fail(request, to, request.failed);
    if (request.slot->revoke()) return fail(request, to, why);
    auto const patience = clock::now() + capture_patience;
    while (!request.slot->done()) {
        if (clock::now() > patience) return fail(request, to, gap::no_answer);
        std::this_thread::yield();
    }
    collect(request, to);
}

inline bool poll(capture_request& request, snapshot& to)
{
    if (request.slot == nullptr) {
        fail(request, to, request.failed);
        return true;
    }
    if (request.slot->done()) {
        collect(request, to);
        return true;
    }
    if (clock::now() < request.until) return false;
    bool const gone = ::syscall(SYS_tgkill, ::getpid(), static_cast<pid_t>(request.thread), 0) != 0;
    revoke(request, to, gone ? gap::thread_gone : gap::no_answer);
    return true;
}

inline void forget_captures()
{
    for (capture_slot& slot : capture_slots) slot.reset();
}

/// "" if captures work.
inline std::string why_no_capture()
{
    gap const why = signal_choice::get().ready(&on_capture_signal);
    if (why == gap::none) return {};
    return "signal " + std::to_string(signal_choice::get().number()) + ": " + std::string{text_of(why)};
}

inline void choose_capture_signal(int signal) { signal_choice::get().choose(signal); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
