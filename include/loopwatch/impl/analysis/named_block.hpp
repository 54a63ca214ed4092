// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../block/block_facts.hpp"
#include "../block/thread_life.hpp"
#include "../capture/snapshot.hpp"
#include "../evidence/reading.hpp"
#include "../platform/thread.hpp"
#include "../symbolize/handler_name.hpp"
#include "frame_list.hpp"
#include "handler_seen.hpp"
#include "position.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// One look at one thread, with names.
struct named_look {
    thread_number thread{0};
    time_point taken_at{};
    thread_reading reading;
    frame_list frames;  // all of them; empty: no stack was captured
    capture_error missing{capture_error::none};
    bool complete{true};  // the outermost frame is among them
    bool in_call{false};  // as snapshot::in_call, asleep and let_go
    bool asleep{false};
    bool let_go{false};
    position where{position::unknown};
    handler_seen handler;
    std::string awaited;          // the coroutine that `awaiters` await; "": none is known
    std::vector<frame> awaiters;  // innermost first
};

/// Whether the thread was certainly in none of the loop's handlers.
[[nodiscard]] inline bool is_in_no_handler(named_look const& look)
{
    return look.where == position::parked || look.where == position::outside;
}

/// Whether the look counts as a sample of the block: it has a stack, and the thread had not left the loop.
[[nodiscard]] inline bool is_sample(named_look const& look)
{
    return !look.frames.empty() && look.where != position::outside;
}

/// One thread during a block, with names.
struct named_thread {
    thread_life life;
    many<named_look> looks;  // never empty: the one at the deadline, then those that followed while the block lasted
    thread_reading last;     // of the very last look, which may have been after the block

    [[nodiscard]] named_look const& at_deadline() const { return looks[0]; }

    /// How many of the looks found it in one of the loop's handlers.
    [[nodiscard]] std::size_t times_in_handler() const
    {
        std::size_t times = 0;
        for (named_look const& look : looks)
            if (look.where == position::handler) ++times;
        return times;
    }

    /// How often it was certainly found in another handler than by the look before.
    [[nodiscard]] std::size_t changes_of_handler() const
    {
        std::size_t changes = 0;
        for (std::size_t i = 1; i < looks.size(); ++i)
            if (different(looks[i - 1].handler, looks[i].handler)) ++changes;
        return changes;
    }

    /// Its counters when the block began; not known of a thread that was first looked at later.
    [[nodiscard]] thread_counters counters_at_beginning() const
    {
        return life.since_seen ? thread_counters{} : life.from;
    }
};

/// A block with names: all that is known of it when it is judged. What is derived from it needs no symbolizer.
struct named_block : block_facts {
    many<named_thread> threads;  // the loop's
    many<named_thread> others;   // as raw_block::others
    many<named_look> latest;     // the loop's threads at the end of the watch; empty if a heartbeat ended the block
    frame_list beat_path;        // as raw_block::beat_path; empty: no heartbeat ended it
    maybe<named_look> holder;    // the thread that holds the mutex that one of the others waits for
    handler_name handler_type;   // what the type of `handler` says
    many<handler_name> ran_as;   // what those of `ran` say

    // All threads that were looked at at the deadline have one numbering: the loop's, then the others.
    [[nodiscard]] std::size_t looked_at() const { return threads.size() + others.size(); }
    [[nodiscard]] named_thread const& thread(std::size_t i) const
    {
        return i < threads.size() ? threads[i] : others[i - threads.size()];
    }
};

/// For loops whose handlers Asio does not call: their stacks do not tell whether a thread is in a handler.
inline void forget_positions(named_block& block)
{
    auto const forget = [](many<named_thread>& threads) {
        for (named_thread& thread : threads)
            for (named_look& look : thread.looks) {
                look.where = position::unknown;
                look.handler = {};
            }
    };
    forget(block.threads);
    forget(block.others);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
