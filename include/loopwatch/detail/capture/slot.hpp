// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../doorbell.hpp"
#include "snapshot.hpp"

#include <atomic>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Where a signal handler leaves a snapshot, and the protocol by which it may.
///
///     free --request--> requested --begin_writing--> writing --end_writing--> done --release--> free
///                           \--revoke--> free
///
/// One word holds the state, the thread that is asked and a generation, so that a handler which was interrupted
/// between its look and its exchange can't answer a later request: the word has changed. Whoever loses the race for
/// the word touches nothing.
class capture_slot {
public:
    snapshot data{};
    doorbell* bell{nullptr};

    // --- the watchdog ---

    bool request(std::uint32_t thread, doorbell& whom)
    {
        std::uint64_t const before = word_.load(std::memory_order_acquire);
        if (state_of(before) != state::free) return false;
        bell = &whom;
        word_.store(make(thread, generation_of(before) + 1, state::requested), std::memory_order_release);
        return true;
    }

    /// False: the handler has begun to write, or has written.
    bool revoke()
    {
        std::uint64_t before = word_.load(std::memory_order_acquire);
        return state_of(before) == state::requested &&
               word_.compare_exchange_strong(before, make(0, generation_of(before), state::free),
                                             std::memory_order_acq_rel);
    }

    [[nodiscard]] bool done() const { return state_of(word_.load(std::memory_order_acquire)) == state::done; }

    void release()
    {
        std::uint64_t const before = word_.load(std::memory_order_relaxed);
        word_.store(make(0, generation_of(before), state::free), std::memory_order_release);
    }

    /// Only where no handler can be running: in the child of a fork.
    void reset() { word_.store(0, std::memory_order_relaxed); }

    // --- the signal handler: async-signal-safe, two atomic operations on a static object ---

    LOOPWATCH_UNINSTRUMENTED bool begin_writing(std::uint32_t thread)
    {
        std::uint64_t before = word_.load(std::memory_order_acquire);
        return state_of(before) == state::requested && thread_of(before) == thread &&
               word_.compare_exchange_strong(before, make(thread, generation_of(before), state::writing),
                                             std::memory_order_acq_rel);
    }

    LOOPWATCH_UNINSTRUMENTED void end_writing()
    {
        std::uint64_t const before = word_.load(std::memory_order_relaxed);
        word_.store(make(thread_of(before), generation_of(before), state::done), std::memory_order_release);
    }

private:
    enum class state : std::uint64_t { free, requested, writing, done };

    // thread: 32 bits, generation: 30, state: 2
    static constexpr std::uint64_t make(std::uint64_t thread, std::uint64_t generation, state s)
    {
        return thread << 32 | (generation & 0x3fffffff) << 2 | static_cast<std::uint64_t>(s);
    }
    static constexpr std::uint32_t thread_of(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
    static constexpr std::uint64_t generation_of(std::uint64_t word) { return word >> 2 & 0x3fffffff; }
    static constexpr state state_of(std::uint64_t word) { return static_cast<state>(word & 3); }

    std::atomic<std::uint64_t> word_{0};
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
