// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../evidence/reading.hpp"
#include "../exact/handler_facts.hpp"
#include "duration_bounds.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How the watchdog knows of the end of a block.
enum class ending {
    beat,     // the heartbeat ran
    handler,  // the handler ended that held the loop, as it says itself; the heartbeat has not run yet
    stopped,  // the context was stopped
    watch,    // the guard ended first, on another thread: the loop is still blocked
    scope,    // the guard ended on the loop's own thread: what it guarded is over
    none      // it has not ended: this is a progress report
};

/// Whether the loop has gone on: what is read of its threads from then on is of something else.
[[nodiscard]] constexpr bool goes_on_after(ending how)
{
    return how == ending::beat || how == ending::handler || how == ending::stopped;
}

/// Who holds a strand at the deadline.
enum class strand_hold {
    untold,    // it can't be known, or it is no strand
    by_one,    // the one thread that was looked at
    by_nobody  // what waits there waits for a thread of the context, or for a CPU
};

/// What is known of a block beside its threads: of these there is a number, the loop's first.
struct block_facts {
    static constexpr std::size_t none = ~std::size_t{0};

    duration_bounds length;
    nanoseconds threshold{};  // that the wait was judged by
    nanoseconds waited{};     // how long the heartbeat did, with nothing taken off
    nanoseconds late{};       // for how long meanwhile the watchdog itself was kept from running
    bool forgiven{false};     // but for that it would have been a block
    ending how{ending::beat};
    time_point sent_at{};  // since when the heartbeat waited
    time_point reported_at{};
    std::chrono::system_clock::time_point reported_at_wall{};
    bool all_threads{false};  // there are no more in the process than those that were looked at
    strand_hold hold{strand_hold::untold};
    bool knows_runners{false};      // it was known which threads run the loop
    bool run_elsewhere{false};      // the heartbeat ran on a thread that was not known, and the one known is but
                                    // presumed: it made the guard, and runs something else
    std::size_t ran_by{none};       // the thread that ran the heartbeat in the end; none: it was not looked at
    nanoseconds newcomer_waited{};  // then: upper bound on that thread's wait for a CPU
    std::string holder_name;        // of the thread that holds the mutex that one of them waits for
    process_counters at_send;       // since the heartbeat waits
    process_reading before;         // some time before the block
    process_reading at_deadline;
    process_reading after;
    // Of exact mode. A block that no handler held, but two or more of them, is a backlog.
    handler_facts handler;       // that held the loop, as it was read at the deadline
    fixed<type_count, 8> ran{};  // of what ran while the heartbeat waited the most frequent types, most of them first
    std::size_t ran_types{0};    // how many of `ran` there are
    std::uint64_t ran_all{0};    // how many ran in all, also of types that are not among them

    [[nodiscard]] time_point ended_at() const { return sent_at + waited; }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
