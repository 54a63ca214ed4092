// SPDX-License-Identifier: BSL-1.0
#pragma once

// The loop's side of exact mode: what the macros of exact_tracking.hpp call. 5 ns a handler, and a rule for each line
// of it: nothing is locked, allocated or called, but when a thread runs its first handler, when a type of handler runs
// for the first time, or when the watchdog has asked for it.

#include "thread_record.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__cpp_rtti)
#include <typeinfo>
#endif

#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace loopwatch {
inline namespace exact_v1 {
namespace exact {

/// A counter that all processors share, in units of its own: impl/exact/tick_clock.hpp makes time points of it.
[[gnu::always_inline]] inline std::uint64_t counter() noexcept
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    std::uint64_t now = 0;
    asm volatile("mrs %0, cntvct_el0" : "=r"(now));
    return now << spare_bits;
#endif
}

[[gnu::noinline, gnu::cold]] inline std::uint64_t clock_ticks() noexcept
{
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

inline std::uint64_t ticks() noexcept
{
    return (get(state.flags) & shared_state::by_clock) == 0 ? counter() : clock_ticks();
}

// --- rarely ---

/// A thread that ends leaves its record to another one.
struct leaver {
    leaver() = default;
    leaver(leaver const&) = delete;
    leaver& operator=(leaver const&) = delete;
    ~leaver()
    {
        thread_record* const left = mine;
        mine = &nobodys;  // also for the handlers that destructors of other thread-local objects run
        if (left == nullptr || left == &nobodys) return;
        put(left->depth, std::uint32_t{0});
        put(left->awaited, std::uint32_t{0});
        put(left->thread, std::int32_t{0});
    }
};

/// In the child of a fork: there this thread goes on alone, with a new number.
inline void forget_other_threads() noexcept
{
    for (thread_record* each = state.records.load(std::memory_order_acquire); each != nullptr; each = each->next) {
        bool const is_this = each == mine;
        put(each->awaited, std::uint32_t{0});
        if (!is_this) put(each->depth, std::uint32_t{0});
        put(each->thread, is_this ? static_cast<std::int32_t>(::syscall(SYS_gettid)) : 0);
    }
}

/// The record of a thread that has none yet: that of one that has ended, or a new one.
[[gnu::noinline, gnu::cold]] inline thread_record& join() noexcept
{
    static thread_local leaver const at_end;
    static int const at_fork = ::pthread_atfork(nullptr, nullptr, &forget_other_threads);
    auto const self = static_cast<std::int32_t>(::syscall(SYS_gettid));
    for (thread_record* each = state.records.load(std::memory_order_acquire); each != nullptr; each = each->next) {
        std::int32_t nobody = 0;
        if (get(each->thread) == 0 && each->thread.compare_exchange_strong(nobody, self, std::memory_order_acq_rel)) {
            each->file = nullptr;
            return *(mine = each);
        }
    }
    static_cast<void>(at_end), static_cast<void>(at_fork);
    auto* const fresh = new (std::nothrow) thread_record;
    if (fresh == nullptr) return nobodys;  // and it is tried again
    put(fresh->thread, self);
    fresh->next = state.records.load(std::memory_order_relaxed);
    while (!state.records.compare_exchange_weak(fresh->next, fresh, std::memory_order_release,
                                                std::memory_order_relaxed)) {
    }
    return *(mine = fresh);
}

/// Gives a type its number. Several threads may do so at once: then some numbers are never used.
[[gnu::noinline, gnu::cold]] inline std::uint32_t enter_type(cell<std::uint32_t>& number, char const* name) noexcept
{
    constexpr std::uint32_t none = most_types;  // counted in the first, which has no name
    std::uint32_t const next = get(state.types) + 1 < most_types ? state.types.fetch_add(1) + 1 : none;
    std::uint32_t const given = next < most_types ? next : none;  // others may have taken the last ones meanwhile
    if (given < none) {
        std::size_t const size = std::strlen(name) + 1;
        if (char* const copy = static_cast<char*>(std::malloc(size)); copy != nullptr) {
            std::memcpy(copy, name, size);
            put(state.names[given], static_cast<char const*>(copy));
        }
    }
    put(number, given);
    return given;
}

/// Delays are measured, and a handler begins: counts for how long it was ready before. From here on what it starts
/// looks at the clock.
[[gnu::noinline, gnu::cold]] inline void count_delay(thread_record& record, origin const& from, bool awaits,
                                                     std::uint64_t now) noexcept
{
    stamp = 0;
    std::uint64_t const ready = !awaits ? from.started : from.operation != nullptr ? from.ready : 0;
    if (ready <= untold) return;
    // Started before: the time may be that of the handler that did so.
    if (!awaits && ready < get(state.measured_since)) return;
    auto const since = [now](std::uint64_t ticks) {
        double const distance = now > ticks ? static_cast<double>(now - ticks) : 0;
        return static_cast<std::uint64_t>(distance * get(state.nanoseconds_per_tick));
    };
    std::uint64_t delay = 0;
    if ((ready & in_nanoseconds) == 0) {
        delay = since(ready);
    } else {  // a timer's expiry
        std::uint64_t const clock = clock_ticks();
        std::uint64_t const expiry = ready & ~in_nanoseconds;
        if (clock < expiry) return;  // it was cancelled
        std::uint64_t const most = since(from.started);
        delay = clock - expiry < most ? clock - expiry : most;
    }
    std::uint32_t bucket = 0;
    while (bucket + 1 < delay_buckets && delay > delay_bounds[bucket]) ++bucket;
    put(record.delays[bucket], get(record.delays[bucket]) + 1);
    put(record.delayed, get(record.delayed) + delay);
}

/// The watchdog sleeps, and a handler begins.
[[gnu::noinline, gnu::cold]] inline void wake_watchdog() noexcept
{
    if ((state.flags.fetch_and(~shared_state::asleep, std::memory_order_acq_rel) & shared_state::asleep) == 0) return;
    if (auto* const wake = state.wake.load(std::memory_order_acquire)) wake();
}

/// The watchdog waits for a handler of this thread, maybe for the one that ends.
[[gnu::noinline, gnu::cold]] inline void end_awaited(thread_record& record, std::uint32_t depth) noexcept
{
    std::uint32_t const bit = depth < most_nested ? 1U << depth : 0;
    if ((record.awaited.load(std::memory_order_acquire) & bit) == 0) return;
    record.awaited.fetch_and(~bit, std::memory_order_acq_rel);
    running_handler& one = record.running[depth];
    std::uint64_t const began = get(one.began);
    if (get(one.awaited) != began) return;
    std::uint64_t const now = ticks();
    put(one.ended_at, now);
    put(one.ended, began);
    if (now - began < get(one.rings_after)) return;
    if (auto* const wake = state.wake.load(std::memory_order_acquire)) wake();
}

// --- with each handler ---

/// Whether operations of this type wait for something: then they are known by more than the time of their start.
template <typename Operation>
constexpr auto has_result(Operation* o) -> decltype(o->ec_, true)
{
    return o == nullptr;
}
constexpr bool has_result(void*) { return false; }
/// A channel's have no result in them.
template <typename Operation>
constexpr auto can_be_cancelled(Operation* o) -> decltype(o->cancellation_key_, true)
{
    return o == nullptr;
}
constexpr bool can_be_cancelled(void*) { return false; }
template <typename Operation>
inline constexpr bool awaits_result =
    has_result(static_cast<Operation*>(nullptr)) || can_be_cancelled(static_cast<Operation*>(nullptr));

/// Its number. As visible as the function that completes such operations, so that no tool strips this symbol and keeps
/// that one: it would look like a file that is compiled without this header, see impl/exact/untracked_files.hpp.
template <typename Operation>
[[gnu::visibility("default")]] inline LOOPWATCH_CONSTINIT cell<std::uint32_t> number_of{0};

template <typename Operation>
[[gnu::noinline, gnu::cold, gnu::visibility("default")]] std::uint32_t enter() noexcept
{
#if defined(__cpp_rtti)
    return enter_type(number_of<Operation>, typeid(Operation).name());
#else
    return enter_type(number_of<Operation>, __PRETTY_FUNCTION__);
#endif
}

LOOPWATCH_IN_HANDLERS thread_record& this_threads() noexcept
{
    thread_record* const record = mine;
    if (record == nullptr) [[unlikely]]
        return join();
    return *record;
}

/// An address in the frame that runs the handler, where `local` is. That one would do as well, but makes the compiler
/// keep in memory what is beside it.
LOOPWATCH_IN_HANDLERS std::uintptr_t frame_with([[maybe_unused]] void const* local) noexcept
{
#if !defined(__OPTIMIZE__)  // this function has a frame of its own
    return reinterpret_cast<std::uintptr_t>(local);
#elif defined(__x86_64__)
    std::uintptr_t at = 0;
    asm("mov %%rsp, %0" : "=r"(at));
    return at;
#else
    std::uintptr_t at = 0;
    asm("mov %0, sp" : "=r"(at));
    return at;
#endif
}

/// When a handler begins. No two of a thread are alike: by its stamp a handler is told from the one before it. On
/// x86-64 the counter goes on by more than it takes to read it. Elsewhere a step of it may take 40 ns, in which two
/// handlers begin: there the later one has the next number.
[[gnu::always_inline]] inline std::uint64_t new_stamp(thread_record& record) noexcept
{
    std::uint64_t now = ticks();
    if constexpr (spare_bits > 0) {
        if ((now ^ record.last_stamp) < (std::uint64_t{1} << spare_bits)) now = record.last_stamp + 1;
        record.last_stamp = now;
    } else {
        static_cast<void>(record);
    }
    return now;
}

/// ASIO_HANDLER_COMPLETION: at the top of each function that completes an operation, so it lives until the handler has
/// been called and destroyed, or has thrown; or until the operation was destroyed without being run.
class completion {
public:
    template <typename Operation>
    LOOPWATCH_IN_HANDLERS explicit completion(Operation const& operation) noexcept
        : completion{operation.loopwatch_origin, number_of<Operation>, &enter<Operation>, awaits_result<Operation>}
    {
    }
    completion(completion const&) = delete;
    completion& operator=(completion const&) = delete;
    LOOPWATCH_IN_HANDLERS ~completion()
    {
        if (record_.awaited.load(std::memory_order_relaxed) != 0) [[unlikely]]
            end_awaited(record_, depth_);
        put(record_.depth, depth_);
        if (depth_ == 0) [[likely]]
            stamp = 0;
    }

private:
    // No template: compilers take longer for a template in each of its instances.
    LOOPWATCH_IN_HANDLERS completion(origin const& from, cell<std::uint32_t>& number, std::uint32_t (*enter)() noexcept,
                                     bool awaits) noexcept
        : record_{this_threads()}, depth_{get(record_.depth)}
    {
        std::uint64_t const now = new_stamp(record_);
        stamp = now;
        std::uint32_t type = get(number);
        if (type == 0) [[unlikely]]
            type = enter();
        type &= most_types - 1;
        if (depth_ < most_nested) [[likely]] {
            running_handler& here = record_.running[depth_];
            put(here.began, now);
            put(here.frame, frame_with(this));
            put(here.type, type);
            put(here.started, from.started);
            char const* const started_by = awaits ? from.operation : nullptr;
            put(here.operation, started_by);
            if (started_by != nullptr) {
                put(here.object_type, from.object_type);
                put(here.object, from.object);
                put(here.native, from.native);
                put(here.file, from.file);
                put(here.line, from.line);
                put(here.ready, from.ready);
            }
            put(here.whole, now);
        }
        put(record_.counts[type], get(record_.counts[type]) + 1);
        put(record_.depth, depth_ + 1);
        // After the store before it, as the processor sees it, too: the watchdog has membarrier(2) see to that before
        // it looks for a last time, and sleeps.
        std::atomic_signal_fence(std::memory_order_seq_cst);
        std::uint32_t const flags = get(state.flags);
        if ((flags & (shared_state::asleep | shared_state::measures)) == 0) [[likely]]
            return;
        if ((flags & shared_state::measures) != 0) count_delay(record_, from, awaits, now);
        if ((flags & shared_state::asleep) != 0) wake_watchdog();
    }

    thread_record& record_;
    std::uint32_t const depth_;
};

}  // namespace exact
}  // namespace exact_v1
}  // namespace loopwatch
