// SPDX-License-Identifier: BSL-1.0
#pragma once

// What each thread writes down of the handlers that it runs, for the watchdog to read: exact mode. Every file that
// includes Asio includes this one. So it is small, needs nothing else of the library, and has a namespace of its own,
// which does not depend on how the rest is built: all files of a program share one list of records.

#include <atomic>
#include <cstddef>
#include <cstdint>

// Files with C++17 may be part of the program: Asio's own need no more.
#if defined(__cpp_constinit)
#define LOOPWATCH_CONSTINIT constinit
#else
#define LOOPWATCH_CONSTINIT
#endif

// With optimization a part of each function that runs handlers. Without it one function for all of these: what a
// compiler repeats in each takes it long.
#if defined(__OPTIMIZE__)
#define LOOPWATCH_IN_HANDLERS [[gnu::always_inline]] inline
#else
#define LOOPWATCH_IN_HANDLERS inline
#endif

namespace loopwatch {
inline namespace exact_v1 {
namespace exact {

template <typename T>
using cell = std::atomic<T>;

/// Each cell has one writer, so nothing is read, modified and written at once. In order: who sees a store sees those
/// before it. On x86-64 that costs nothing.
template <typename T>
LOOPWATCH_IN_HANDLERS void put(cell<T>& to, T value) noexcept
{
    to.store(value, std::memory_order_release);
}
template <typename T>
LOOPWATCH_IN_HANDLERS T get(cell<T> const& from) noexcept
{
    return from.load(std::memory_order_relaxed);
}

/// When the handler began that this thread has begun last, in ticks; 0: it is in none, or its delays are measured. What
/// is started in a handler takes it for the time of its start, which costs no look at the clock. Not in the thread's
/// record: from here it is one load.
[[gnu::visibility("default")]] inline LOOPWATCH_CONSTINIT thread_local std::uint64_t stamp = 0;

/// As a time of start: not told. For what the watchdog posts.
inline constexpr std::uint64_t untold = 1;

/// Of a time: not in ticks, but in nanoseconds of CLOCK_MONOTONIC.
inline constexpr std::uint64_t in_nanoseconds = std::uint64_t{1} << 63;

/// How an operation was started, as far as is known. Of what is run at once only the time is. The others have a value
/// if `operation` is not null: most operations are never asked for them.
struct origin {
    origin() noexcept : started{stamp}, operation{nullptr} {}  // NOLINT(*-member-init)

    std::uint64_t started;    // in ticks; 0, untold: not known
    char const* operation;    // "async_receive", "async_wait"
    char const* object_type;  // "socket", "deadline_timer"
    void const* object;
    std::uint64_t native;  // its native handle: a descriptor
    char const* file;      // null: not known
    std::uint64_t ready;   // when what it waits for was there, in ticks or nanoseconds; 0: not known
    std::uint32_t line;
};

/// The base of all of Asio's operations, which find its members among their own.
struct tracked {
    origin loopwatch_origin;
};

/// A handler that a thread is in, or was: it is while the record's depth is greater than its place.
///
/// To read it: `whole`, then the others, then `began`. Both are alike: what was read between belongs together. For the
/// thread writes `began` first and `whole` last. If `depth` is greater then, and `began` still the same, the thread was
/// in it.
/// In the order in which each handler has need of them: what all write is in one line of the processor's cache.
struct alignas(64) running_handler {
    cell<std::uint64_t> began{0};   // in ticks; what tells it from others of this thread
    cell<std::uintptr_t> frame{0};  // an address in the frame that runs it
    cell<std::uint64_t> started{0};
    cell<char const*> operation{nullptr};  // null: of what is run at once. The five below have a value if it is not
    cell<std::uint64_t> whole{0};          // `began` once more
    cell<std::uint32_t> type{0};           // see shared_state::names
    cell<std::uint32_t> line{0};
    cell<char const*> object_type{nullptr};
    cell<void const*> object{nullptr};
    cell<std::uint64_t> native{0};
    cell<char const*> file{nullptr};
    cell<std::uint64_t> ready{0};

    // The watchdog's: it wants to know when the handler ends that began then, and to be woken if that took so many
    // ticks.
    cell<std::uint64_t> awaited{0};
    cell<std::uint64_t> rings_after{0};
    // The last one that was awaited, and has ended: when it began and ended.
    cell<std::uint64_t> ended{0};
    cell<std::uint64_t> ended_at{0};
};

/// Of a stamp, at its end: those that the counter does not fill. See new_stamp().
#if defined(__x86_64__)
inline constexpr unsigned spare_bits = 0;
#else
inline constexpr unsigned spare_bits = 6;
#endif

inline constexpr std::uint32_t most_nested = 8;  // those that are nested deeper are only counted
inline constexpr std::uint32_t most_types = 512;

/// The upper bounds of the buckets of delays, in nanoseconds, each included. One more is for what is above the last.
// NOLINTNEXTLINE(*-avoid-c-arrays): <array> would be another header for every file
inline constexpr std::uint64_t delay_bounds[] = {
    500'000,     1'000'000,   2'500'000,   5'000'000,     10'000'000,    25'000'000,    50'000'000,
    100'000'000, 250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};
inline constexpr std::uint32_t delay_buckets = sizeof delay_bounds / sizeof *delay_bounds + 1;

/// One thread's. It is never freed: when that thread has ended another one may have it.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): each place begins with a line of the processor's cache
struct thread_record {
    cell<std::uint32_t> depth{0};  // handlers that the thread is in, the one in the other
    cell<std::int32_t> thread{0};  // its number in the kernel; 0: it has ended
    running_handler running[most_nested];

    // By a bit for each place: whether the watchdog wants to know when the handler there ends. Both sides change it.
    cell<std::uint32_t> awaited{0};

    char const* file{nullptr};  // what ASIO_HANDLER_LOCATION says; the thread's alone
    std::uint32_t line{0};
    std::uint64_t last_stamp{0};  // where that is needed to tell handlers apart; likewise

    thread_record* next{nullptr};
    cell<std::uint64_t> counts[most_types]{};  // handlers begun, by their type
    // While delays are measured: of how many handlers the delay was in which bucket, and all delays' sum in
    // nanoseconds.
    cell<std::uint64_t> delays[delay_buckets]{};
    cell<std::uint64_t> delayed{0};
};

/// What all threads share.
struct shared_state {
    static constexpr std::uint32_t asleep = 1;    // the watchdog sleeps without a timeout: wake it
    static constexpr std::uint32_t by_clock = 2;  // ticks are the nanoseconds of CLOCK_MONOTONIC
    static constexpr std::uint32_t measures = 4;  // how long each handler was ready before it ran

    cell<std::uint32_t> flags{0};
    cell<std::uint32_t> types{0};  // how many there are, but for the first, which stands for those beyond the last
    cell<void (*)()> wake{nullptr};
    cell<thread_record*> records{nullptr};
    cell<double> nanoseconds_per_tick{0};   // while delays are measured
    cell<std::uint64_t> measured_since{0};  // in ticks; likewise
    cell<char const*> names[most_types]{};  // of the types, as the compiler mangles them. Copies: modules may go
};

[[gnu::visibility("default")]] inline LOOPWATCH_CONSTINIT shared_state state{};
/// For threads that end, or have no memory.
[[gnu::visibility("default")]] inline LOOPWATCH_CONSTINIT thread_record nobodys{};
[[gnu::visibility("default")]] inline LOOPWATCH_CONSTINIT thread_local thread_record* mine = nullptr;

}  // namespace exact
}  // namespace exact_v1
}  // namespace loopwatch
