// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/keep_loaded.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../platform/stack_bounds.hpp"
#include "../platform/thread.hpp"
#include "ready_linux.hpp"
#include "running_alarm_linux.hpp"
#include "signal_choice.hpp"
#include "signal_linux.hpp"
#include "sleeping_linux.hpp"
#include "slot.hpp"
#include "snapshot.hpp"
#include "stack_image.hpp"

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

// The order of a capture. A thread that sleeps in the kernel is read without a signal. One that runs is sent a signal,
// whose handler copies its stack. If it is not known which, the signal is sent when the thread next runs. If reading a
// sleeping thread needed a guess, a signal is sent as well, but only if the system call is restarted after it.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the watchdog captures with: 400 KB of addresses, allocated once.
struct capture_tools {
    offline_unwinder unwind;
    sleeper_capture look_at_sleeper;

    static capture_tools& get()
    {
        static auto* const tools = new capture_tools;  // never destroyed, like the thread that uses it
        return *tools;
    }
};

/// A capture in progress. Used under one mutex, by the watchdog and by guards that end and revoke it.
struct capture_request {
    capture_slot* slot{nullptr};
    thread_number thread{0};
    time_point until{};
    bool has_guess{false};        // the snapshot already holds a stack, with a guess, of the sleeping thread
    bool postponed{false};        // the thread is ready to run; no signal before it is known to compute
    maybe<ready_thread> ready{};  // its state when it was first found ready to run
    running_alarm alarm{};        // sends the signal when it runs, if it is not known whether it sleeps
};

constexpr nanoseconds capture_patience = std::chrono::milliseconds{50};

inline _Unwind_Reason_Code note_address(_Unwind_Context* context, void* state)
{
    auto& to = *static_cast<snapshot*>(state);
    auto const address = static_cast<std::uintptr_t>(_Unwind_GetIP(context));
    if (address == 0) return _URC_END_OF_STACK;  // "caller" of the thread's first function
    if (to.size == snapshot::max_frames) {
        to.missing = capture_error::too_deep;
        return _URC_END_OF_STACK;
    }
    to.addresses[to.size++] = address;
    return _URC_NO_REASON;
}

/// Captures the calling thread's stack, by the unwinder that exceptions use: not in a signal handler.
inline void capture_own_stack(snapshot& to) noexcept
{
    to.size = 0;
    to.missing = capture_error::none;
    to.first_is_exact = false;
    to.taken_at = clock::now();
    to.thread = this_thread_number();
    to.stack = this_thread_stack();
    _Unwind_Backtrace(&note_address, &to);
}

/// Called on the thread that starts the watchdog: on the watchdog an exception would end the program. Throws:
/// std::bad_alloc.
inline void reserve_capture() { static_cast<void>(capture_tools::get()); }

/// Called before the first capture, which would otherwise take locks or take long.
inline void prepare_capture()
{
    prepare_unwinding();
    capture_tools::get().unwind.prepare();
    capture_slots[0].image.stack.touch();
    // The first use of the unwinder of exceptions is slow too, and should not happen in a heartbeat.
    snapshot own;
    capture_own_stack(own);
    static_cast<void>(signal_choice::get().ready(&on_capture_signal, next_capture_handler));
}

[[nodiscard]] inline bool is_alive(thread_number thread)
{
    return ::syscall(SYS_tgkill, ::getpid(), static_cast<pid_t>(thread), 0) == 0;
}

inline bool fail(snapshot& to, capture_error why)
{
    to.size = 0;
    to.missing = why;
    to.taken_at = clock::now();
    return true;
}

/// Requests a capture by a signal, which `send` sends. True: that failed, and the snapshot has the reason.
template <typename Send>
bool ask(capture_request& request, snapshot& to, Send send)
{
    auto const give_up = [&](capture_error why) { return request.has_guess || fail(to, why); };
    if (capture_error const why = signal_choice::get().ready(&on_capture_signal, next_capture_handler);
        why != capture_error::none)
        return give_up(why);
    capture_slot* const slot = request_slot(static_cast<std::uint32_t>(request.thread), to.stack, to.loop, to.strand);
    if (slot == nullptr) return give_up(capture_error::busy);
    if (capture_error const why = send(signal_choice::get().number()); why != capture_error::none) {
        slot->revoke();
        return give_up(why);
    }
    request.slot = slot;
    return false;
}

inline bool ask_now(capture_request& request, snapshot& to)
{
    return ask(request, to, [&](int signal) {
        // tgkill and not pthread_kill: for a thread that has ended it returns ESRCH, while a pthread_t would dangle.
        if (::syscall(SYS_tgkill, ::getpid(), static_cast<pid_t>(request.thread), signal) == 0)
            return capture_error::none;
        return errno == ESRCH ? capture_error::thread_gone : capture_error::no_answer;
    });
}

/// For systems without /proc, where it is not known whether the thread sleeps.
inline bool ask_when_it_runs(capture_request& request, snapshot& to)
{
    return ask(request, to, [&](int signal) {
        request.alarm.set(request.thread, signal);
        if (request.alarm.is_set()) return capture_error::none;
        return is_alive(request.thread) ? capture_error::no_proc : capture_error::thread_gone;
    });
}

/// Reads the thread's stack if it sleeps, or sends it the signal. False: the answer is pending.
inline bool look_or_ask(capture_request& request, snapshot& to)
{
    auto& tools = capture_tools::get();
    switch (tools.look_at_sleeper(request.thread, tools.unwind, to)) {
        case sleeper_capture::result::taken:
            if (to.missing == capture_error::none || !is_restarted(tools.look_at_sleeper.call())) return true;
            request.has_guess = true;
            break;
        case sleeper_capture::result::refused: return fail(to, capture_error::not_told);
        case sleeper_capture::result::unknown: return ask_when_it_runs(request, to);
        case sleeper_capture::result::running:
        case sleeper_capture::result::moved:
            if (is_on_cpu(request.thread) || (request.ready && request.ready->computes())) break;
            if (!request.ready) request.ready.emplace(request.thread);
            request.postponed = true;
            return false;
    }
    return ask_now(request, to);
}

inline bool request_capture(loop_thread const& thread, capture_request& request, snapshot& to)
{
    request.slot = nullptr;
    request.thread = thread.number;
    request.until = clock::now() + capture_patience;
    request.has_guess = false;
    request.postponed = false;
    request.ready.reset();
    request.alarm.end();
    to = {};
    to.thread = thread.number;
    to.within = thread.within;
    to.stack = thread.stack;
    to.loop = thread.loop;
    to.strand = thread.strand;
    return look_or_ask(request, to);
}

inline void collect(capture_request& request, snapshot& to)
{
    stack_image const& image = request.slot->image;
    to.taken_at = time_point{std::chrono::nanoseconds{image.taken_at_ns}};
    offline_unwinder& unwind = capture_tools::get().unwind;
    unwind(registers_of(image.words), image.stack.copy(), outside_copy::fail, {image.run_list, image.strand_list}, to);
    to.asleep = false;
    to.in_call = to.size > 0 && to.first_is_exact && unwind.follows_system_call(to.addresses[0]);
    request.slot->release();
    request.slot = nullptr;
    request.alarm.end();
}

/// Ends the request. If the handler is writing just now, waits for it: that takes microseconds, since the thread is
/// running. If it does not finish within `capture_patience`, this slot is never used again.
inline void revoke(capture_request& request, snapshot& to, capture_error why = capture_error::recovered)
{
    if (std::exchange(request.postponed, false)) fail(to, why);
    if (request.slot == nullptr) return;
    // The thread has probably not been sent the signal.
    if (request.alarm.is_set() && !request.alarm.is_overdue() && why != capture_error::thread_gone)
        why = capture_error::no_proc;
    request.alarm.end();
    capture_slot& slot = *request.slot;
    if (slot.revoke()) {
        request.slot = nullptr;
        if (!request.has_guess) fail(to, why);
        return;
    }
    auto const patience = clock::now() + capture_patience;
    while (!slot.done()) {
        if (clock::now() > patience) {
            request.slot = nullptr;
            fail(to, capture_error::no_answer);
            return;
        }
        std::this_thread::yield();
    }
    collect(request, to);
}

inline bool poll(capture_request& request, snapshot& to)
{
    if (request.postponed) {
        request.postponed = false;
        if (clock::now() < request.until) return look_or_ask(request, to);
        return fail(to, is_alive(request.thread) ? capture_error::no_answer : capture_error::thread_gone);
    }
    if (request.slot == nullptr) return true;
    if (request.slot->done()) {
        collect(request, to);
        return true;
    }
    if (clock::now() < request.until) return false;
    revoke(request, to, is_alive(request.thread) ? capture_error::no_answer : capture_error::thread_gone);
    if (to.missing != capture_error::no_answer) return true;
    // It blocks the signal, or went to sleep uninterruptibly before it ran the handler: then it can be read.
    snapshot asleep{};
    asleep.thread = request.thread;
    asleep.within = to.within;
    asleep.stack = to.stack;
    asleep.loop = to.loop;
    asleep.strand = to.strand;
    auto& tools = capture_tools::get();
    if (tools.look_at_sleeper(request.thread, tools.unwind, asleep) == sleeper_capture::result::taken) to = asleep;
    return true;
}

/// Before and after a fork, on the thread that forks. Lock it last: nothing else is locked under it.
inline void lock_captures() { signal_choice::get().mutex().lock(); }
inline void unlock_captures() { signal_choice::get().mutex().unlock(); }

/// In the child of a fork, where no thread is left to answer.
inline void forget_captures()
{
    for (capture_slot& slot : capture_slots) slot.reset();
}

/// The reason why captures don't work; "" if they do.
inline std::string why_no_capture()
{
    keep_loaded(reinterpret_cast<void const*>(&on_capture_signal));
    capture_error const why = signal_choice::get().ready(&on_capture_signal, next_capture_handler);
    if (why == capture_error::none) return {};
    return "signal " + std::to_string(signal_choice::get().number()) + ": " + std::string{text_of(why)};
}

inline void choose_capture_signal(int signal) { signal_choice::get().choose(signal); }

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
