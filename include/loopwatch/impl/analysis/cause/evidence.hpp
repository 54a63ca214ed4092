// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"
#include "../../../detail/maybe.hpp"
#include "../../allowance/allowed_time.hpp"
#include "../../base/clock.hpp"
#include "../../base/formatted.hpp"
#include "../../base/view.hpp"
#include "../../block/thread_life.hpp"
#include "../../evidence/reading.hpp"
#include "../answering.hpp"
#include "../named_block.hpp"
#include "activity.hpp"
#include "handlers.hpp"
#include "thread_samples.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Everything that is known of a block when it is judged, of the thread whose stack is shown.
struct block_evidence {
    nanoseconds duration{};  // of the block; what a late watchdog excuses is taken off already, unless it is forgiven
    nanoseconds threshold{};
    nanoseconds late{};    // for how long the watchdog itself was kept from running
    bool forgiven{false};  // without that it would not have been one
    maybe<time_spent> spent;
    nanoseconds free_starved{};  // for how long another thread waited for a CPU that would have run what is next
    nanoseconds uncounted{};     // from the beginning of the block to that of `spent`
    view<observation const> seen;
    handlers_seen handlers;
    std::string handlers_run;     // of a queue of handlers, in words: they were counted, and none was long; "": of none
    bool holds_it_itself{false};  // the mutex that it waits for
    bool is_alone{false};         // no other thread of the program could end its waiting
    std::string holder;           // of the mutex, in words
    std::uint64_t major_faults{0};          // of the thread, since the deadline
    std::uint64_t process_major_faults{0};  // of the process, since the heartbeat waited
    std::uint64_t process_preemptions{0};   // context switches for another thread's sake, likewise
    nanoseconds block_io{};
    nanoseconds throttled{};
    unsigned runnable{0};
    unsigned processors{0};
    long tracer{0};
    allowed_time allowed;
    bool excludes_allowed{false};  // what was allowed is no part of `seen` and `handlers`
};

/// Whether the first sample shows the thread waiting for a mutex, in the handler that is shown.
inline bool waits_for_mutex(view<observation const> seen)
{
    return !seen.empty() && seen[0].in_main && seen[0].what.lock == lock_kind::mutex;
}

/// Pure. `duration`: of the block; shorter than the heartbeat waited if the loop was left meanwhile.
inline block_evidence evidence_of(named_block const& block, answer const& by, thread_samples const& samples,
                                  nanoseconds duration, nanoseconds threshold)
{
    named_thread const& thread = block.thread(by.thread);
    thread_reading const& reading = thread.looks[by.look].reading;
    view<observation const> const seen{samples.counted};
    block_evidence e;
    e.duration = duration;
    e.threshold = threshold;
    e.late = block.late;
    e.forgiven = block.forgiven;
    e.spent = spent_by(thread.life);
    if (e.spent && !thread.life.since_seen)
        e.uncounted = std::clamp(thread.life.from.at - block.sent_at, nanoseconds{0}, e.duration);
    if (thread.life.waited_before >= nanoseconds{0}) e.uncounted = std::min(e.uncounted, thread.life.waited_before);
    if (thread.life.since_seen && seen.empty() && !e.spent)
        e.uncounted = e.duration;  // the thread was first looked at when the block was over
    e.free_starved = by.free_starved;
    e.seen = seen;
    e.handlers = samples.handlers;
    e.allowed = by.allowed;
    e.excludes_allowed = by.excludes_allowed;
    if (waits_for_mutex(seen) && reading.call.mutex_owner != 0) {
        e.holds_it_itself = reading.call.mutex_owner == reading.thread;
        bool const knows_name = by.look == 0 && !block.holder_name.empty();
        if (!e.holds_it_itself)
            e.holder = formatted("thread {}{}", {reading.call.mutex_owner,
                                                 knows_name ? " \"" + block.holder_name + '"' : std::string{}});
    }
    e.is_alone = block.at_deadline.threads == 1;
    if (thread.last.has_faults && reading.has_faults) {
        e.major_faults = thread.last.major_faults - reading.major_faults;
        e.block_io = thread.last.block_io_delay - reading.block_io_delay;
    }
    if (block.at_send.known && block.after.counters.known) {
        e.process_major_faults = block.after.counters.major_faults - block.at_send.major_faults;
        e.process_preemptions = block.after.counters.preemptions - block.at_send.preemptions;
    }
    if (block.before.has_throttling && block.after.has_throttling)
        e.throttled = std::min(block.after.throttled - block.before.throttled, duration);
    e.runnable = block.at_deadline.runnable;
    e.processors = block.after.processors;
    e.tracer = block.after.tracer;
    return e;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
