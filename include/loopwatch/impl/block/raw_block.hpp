// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/many.hpp"
#include "../capture/look.hpp"
#include "../capture/snapshot.hpp"
#include "block_facts.hpp"
#include "thread_life.hpp"

#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The loop's threads at one moment of a block.
using moment = many<seen_thread>;

/// All that the watchdog found out about a block, and nothing that takes time to find out.
struct raw_block : block_facts {
    moment first;                   // the loop's threads at the deadline; never empty
    moment others;                  // then, if it is a strand: other threads of the process, of which one may hold it
    many<thread_life> lives;        // of the threads in `first`
    many<thread_life> other_lives;  // of those in `others`
    maybe<seen_thread> holder;      // who holds the mutex that one of them waits for
    many<moment> later;             // all of them at growing distances after the deadline
    moment latest;                  // the loop's threads at the end, where no heartbeat tells of it
    snapshot beat_path;  // the stack by which the ending heartbeat came: what a handler of this loop stands on

    // All that were looked at at the deadline, by one number: the loop's, then the others.
    [[nodiscard]] std::size_t looked_at() const { return first.size() + others.size(); }
    [[nodiscard]] seen_thread const& seen(std::size_t i) const
    {
        return i < first.size() ? first[i] : others[i - first.size()];
    }

    /// The memory that it takes: 15 KB, or half a megabyte with all samples of all of a pool's threads.
    [[nodiscard]] std::size_t bytes() const
    {
        std::size_t looks = first.capacity() + others.capacity() + latest.capacity();
        for (moment const& m : later) looks += m.capacity();
        return sizeof(raw_block) + looks * sizeof(seen_thread);
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
