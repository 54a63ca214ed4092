// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "../block/block_record.hpp"
#include "../block/block_recorder.hpp"
#include "../evidence/reading.hpp"
#include "watch.hpp"

// What the keeper of a block tells a black box of it, if the watch has one.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// For how long the loop has been blocked. Also if only a late watchdog is to blame.
[[nodiscard]] inline duration_bounds length_so_far(watch const& w, time_point now)
{
    nanoseconds const waited = now - w.beat_deadline.sent_at();
    return w.beat_deadline.so_far(now).value_or({waited, waited});
}

/// All that is known by now.
inline void record_all(watch& w, block_record& record, process_reading const& before, time_point now)
{
    block_under_way block{.whose = w.how.receiver.get(),
                          .loop = w.how.name,
                          .on_strand = w.how.on_strand,
                          .knows_runners = w.knows_runners(),
                          .all_threads = record.all_threads,
                          .hold = record.hold,
                          .threshold = w.timing.threshold,
                          .sent_at = w.beat_deadline.sent_at(),
                          .length = length_so_far(w, now),
                          .now = now,
                          .known = {},
                          .baseline = {},
                          .at_send = {},
                          .before = &before,
                          .at_deadline = &record.at_deadline,
                          .first = &record.first.found(),
                          .first_taken = record.first.taken(),
                          .later = record.samples.moments(),
                          .holder_name = record.holder_name,
                          .handler = w.held() != nullptr ? &w.held()->facts : nullptr};
    if (w.heartbeat && w.heartbeat->baseline) {
        block.known = w.threads.all();
        block.baseline = view<thread_counters const>{w.heartbeat->baseline->threads}.first(block.known.size());
        block.at_send = w.heartbeat->baseline->process;
    }
    recorded_block& to = record.recorded;
    to.with_stacks = block.first_taken;
    to.place = to.by->record(to.place, block);
}

/// At the deadline: stacks of threads that are on a CPU are still to come.
inline void begin_recording(watch& w, block_record& record, process_reading const& before, time_point now)
{
    record.recorded.by = w.how.receiver ? w.how.receiver->recorder() : nullptr;
    if (record.recorded.by != nullptr) record_all(w, record, before, now);
}

inline void record_length(watch const& w, block_record const& record, time_point now)
{
    recorded_block const& to = record.recorded;
    if (to.by != nullptr) to.by->record_length(to.place, length_so_far(w, now).at_least, now);
}

/// The first look is taken.
inline void record_stacks(watch& w, block_record& record, process_reading const& before, time_point now)
{
    if (record.recorded.by != nullptr && !record.recorded.with_stacks) record_all(w, record, before, now);
}

/// A sample is.
inline void record_sample(watch& w, block_record& record, process_reading const& before, time_point now)
{
    if (record.recorded.by != nullptr) record_all(w, record, before, now);
}

/// It is over, if that was not told before.
inline void end_recording(block_record& record, bool to_be_reported, time_point now)
{
    recorded_block& to = record.recorded;
    if (to.by != nullptr) to.by->record_end(to.place, to_be_reported, now);
    to.by = nullptr;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
