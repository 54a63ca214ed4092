// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../capture/look.hpp"
#include "../evidence/reading.hpp"
#include "duration_bounds.hpp"
#include "thread_life.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How the watchdog knows of the end of a block.
enum class ending {
    beat,     // the heartbeat ran
    stopped,  // the context was stopped
    watch,    // the guard ended first, on another thread: the loop is still blocked
    scope,    // the guard ended on the loop's own thread: what it guarded is over
    none      // it has not ended: a word in between
};

/// Who holds a strand at the deadline.
enum class strand_hold {
    untold,    // it can't be known, or it is no strand
    by_one,    // the one thread that was looked at
    by_nobody  // what waits there waits for a thread of the context, or for a CPU
};

/// The loop's threads at one moment of a block.
using moment = many<seen_thread>;

/// All that the watchdog found out about a block, and nothing that takes time to find out.
struct raw_block {
    static constexpr std::size_t none = ~std::size_t{0};

    duration_bounds length;
    nanoseconds waited{};  // how long the heartbeat did, with nothing taken off
    nanoseconds late{};    // for how long meanwhile the watchdog itself was kept from running
    bool forgiven{false};  // but for that it would have been a block
    ending how{ending::beat};
    time_point sent_at{};  // since when the heartbeat waited
    time_point reported_at{};
    std::chrono::system_clock::time_point reported_at_wall{};
    moment first;             // the loop's threads at the deadline; never empty
    moment others;            // then, if it is a strand: other threads of the process, of which one may hold it
    bool all_threads{false};  // there are no more in the process
    strand_hold hold{strand_hold::untold};
    bool knows_runners{false};      // it was known which threads run the loop
    bool run_elsewhere{false};      // the heartbeat ran on a thread that was not known, and the one known is but
                                    // presumed: it made the guard, and runs something else
    many<thread_life> lives;        // of the threads in `first`
    many<thread_life> other_lives;  // of those in `others`
    std::size_t ran_by{none};       // the one that ran the heartbeat in the end; none: it was not looked at
    nanoseconds newcomer_waited{};  // if none of them did: how long the one that did ever waited for a CPU, at most
    maybe<seen_thread> holder;      // who holds the mutex that one of them waits for
    std::string holder_name;
    many<moment> later;        // at growing distances after it
    moment latest;             // at the end, where no heartbeat tells of it
    process_counters at_send;  // since the heartbeat waits
    process_reading before;    // some time before the block
    process_reading at_deadline;
    process_reading after;
    snapshot beat_path;  // the stack by which the ending heartbeat came: what a handler of this loop stands on

    // All that were looked at at the deadline, by one number: the loop's, then the others.
    [[nodiscard]] std::size_t looked_at() const { return first.size() + others.size(); }
    [[nodiscard]] seen_thread const& seen(std::size_t i) const
    {
        return i < first.size() ? first[i] : others[i - first.size()];
    }
    [[nodiscard]] thread_life const& life(std::size_t i) const
    {
        return i < lives.size() ? lives[i] : other_lives[i - lives.size()];
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
