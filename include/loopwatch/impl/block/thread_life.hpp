// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../evidence/reading.hpp"

#include <algorithm>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// One of the loop's threads from the sending of the heartbeat to the end.
struct thread_life {
    std::string name;
    thread_counters from;
    thread_counters to;
    bool since_seen{false};  // `from` is of when this thread was first looked at, not of when the heartbeat was sent
    nanoseconds waited_before{-1};  // for a CPU between the block's beginning and `from`, at most; < 0: not known
};

/// How a thread spent a part of its life.
struct time_spent {
    nanoseconds all{};
    nanoseconds on_cpu{};
    nanoseconds run_delay{};
    bool run_delay_counted{true};  // else `run_delay` is not known
};

/// Nothing where it was not counted. Pure.
inline maybe<time_spent> spent_by(thread_life const& life)
{
    if (!life.from.known || !life.to.known || life.to.at <= life.from.at) return nothing;
    nanoseconds const all = life.to.at - life.from.at;
    nanoseconds const on_cpu = life.to.on_cpu - life.from.on_cpu;
    // The kernel adds up a wait for a CPU when it is over: one that was under way at the beginning is in it as a whole.
    nanoseconds const run_delay =
        std::min(life.to.run_delay - life.from.run_delay, std::max(nanoseconds{0}, all - on_cpu));
    return time_spent{all, on_cpu, run_delay, life.from.run_delay_counted && life.to.run_delay_counted};
}

/// For how long it waited for a CPU until the end, with all of a wait that was under way when the count began: a thread
/// that had nothing else to do may have been woken before. Pure.
inline nanoseconds waited_for_cpu(thread_life const& life)
{
    return life.from.known && life.to.known ? life.to.run_delay - life.from.run_delay : nanoseconds{0};
}

/// Pure. Rounded down.
inline nanoseconds scaled(nanoseconds whole, nanoseconds part, nanoseconds whole_of_part)
{
    double const ratio = static_cast<double>(part.count()) / static_cast<double>(whole_of_part.count());
    return nanoseconds{static_cast<nanoseconds::rep>(static_cast<double>(whole.count()) * ratio)};
}

/// What `part` of a time that was counted is of a block of this length. Where the count began later, it stands for what
/// was before; it may have ended a little after the block. Pure.
inline nanoseconds part_of(nanoseconds length, nanoseconds part, nanoseconds counted)
{
    return std::clamp(counted < length ? scaled(length, part, counted) : part, nanoseconds{0}, length);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
