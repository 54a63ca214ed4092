// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../platform/stack_bounds.hpp"
#include "stack_image.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Memory to which a signal handler copies the stack that it interrupted, and the protocol by which it may.
///
///     free --request--> requested --begin_writing--> writing --end_writing--> done --release--> free
///                           \--revoke--> free
///
/// One word holds the state, the requested thread and a generation. So a handler that was interrupted between its load
/// and its exchange can't answer a later request: the word has changed. The loser of the race for the word touches
/// nothing else.
class capture_slot {
    // Not a std::atomic: without optimization its members are function calls, and sanitizers instrument them.
    std::uint64_t word_{0};
    static_assert(__atomic_always_lock_free(sizeof(std::uint64_t), nullptr));

public:
    stack_bounds bounds;        // of the thread's stack, if they are known
    scheduler_identity loop;    // the handler notes the head of its list, if it is known
    scheduler_identity strand;  // likewise
    stack_image image;

    // --- the watchdog ---

    bool request(std::uint32_t thread, stack_bounds stack = {}, scheduler_identity of = {},
                 scheduler_identity held = {})
    {
        std::uint64_t const before = __atomic_load_n(&word_, __ATOMIC_ACQUIRE);
        if (state_of(before) != state::free) return false;
        image.stack.touch();
        bounds = stack;
        loop = of;
        strand = held;
        __atomic_store_n(&word_, make(thread, generation_of(before) + 1, state::requested), __ATOMIC_RELEASE);
        return true;
    }

    /// False: the handler has begun to write, or has written.
    bool revoke()
    {
        std::uint64_t const before = __atomic_load_n(&word_, __ATOMIC_ACQUIRE);
        return state_of(before) == state::requested && exchange(before, make(0, generation_of(before), state::free));
    }

    [[nodiscard]] bool done() const { return state_of(__atomic_load_n(&word_, __ATOMIC_ACQUIRE)) == state::done; }

    void release()
    {
        std::uint64_t const before = __atomic_load_n(&word_, __ATOMIC_RELAXED);
        __atomic_store_n(&word_, make(0, generation_of(before), state::free), __ATOMIC_RELEASE);
    }

    /// Only if no handler can be running: in the child of a fork.
    void reset() { __atomic_store_n(&word_, 0, __ATOMIC_RELAXED); }

    // --- the signal handler: async-signal-safe, two atomic operations on a static object ---

    LOOPWATCH_UNINSTRUMENTED bool begin_writing(std::uint32_t thread)
    {
        std::uint64_t const before = __atomic_load_n(&word_, __ATOMIC_ACQUIRE);
        return state_of(before) == state::requested && thread_of(before) == thread &&
               exchange(before, make(thread, generation_of(before), state::writing));
    }

    LOOPWATCH_UNINSTRUMENTED void end_writing()
    {
        std::uint64_t const before = __atomic_load_n(&word_, __ATOMIC_RELAXED);
        __atomic_store_n(&word_, make(thread_of(before), generation_of(before), state::done), __ATOMIC_RELEASE);
    }

private:
    enum class state : std::uint64_t { free, requested, writing, done };

    // thread: 32 bits, generation: 30, state: 2
    [[gnu::always_inline]] static constexpr std::uint64_t make(std::uint64_t thread, std::uint64_t generation, state s)
    {
        return thread << 32 | (generation & 0x3fffffff) << 2 | static_cast<std::uint64_t>(s);
    }
    [[gnu::always_inline]] static constexpr std::uint32_t thread_of(std::uint64_t word)
    {
        return static_cast<std::uint32_t>(word >> 32);
    }
    [[gnu::always_inline]] static constexpr std::uint64_t generation_of(std::uint64_t word)
    {
        return word >> 2 & 0x3fffffff;
    }
    [[gnu::always_inline]] static constexpr state state_of(std::uint64_t word) { return static_cast<state>(word & 3); }

    [[gnu::always_inline]] bool exchange(std::uint64_t before, std::uint64_t after)
    {
        return __atomic_compare_exchange_n(&word_, &before, after, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
