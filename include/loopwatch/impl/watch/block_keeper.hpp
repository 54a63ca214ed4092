// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "../block/block_record.hpp"
#include "../capture/thread_access.hpp"
#include "../evidence/evidence.hpp"
#include "../loop/runners.hpp"
#include "../platform/thread.hpp"
#include "block_recording.hpp"
#include "pack.hpp"
#include "vitals.hpp"
#include "watch.hpp"
#include "watch_host.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Finds out about blocks: looks at the loop's threads at the deadline and while the block lasts, reads the evidence,
/// and hands over the result. Every function is called under the watchdog's mutex.
class block_keeper {
public:
    block_keeper(thread_access& threads, watch_host& host) : threads_{threads}, host_{host} {}

    /// Reads how the loop's threads have spent their time until the heartbeat waits. 2 us a thread.
    void take_baseline(watch& w)
    {
        counter_baseline& baseline = w.heartbeat->baseline.emplace();
        std::size_t i = 0;
        for (loop_thread const& t : w.threads.all()) threads_.read_counters(t.number, baseline.threads[i++]);
        note_cpu_time(w, baseline);
    }

    /// The same of the process. On the watchdog alone: the guard's constructor does without this microsecond, and the
    /// first heartbeat counts from the watchdog's next look.
    void take_process_baseline(watch& w, time_point now)
    {
        process_counters& process = w.heartbeat->baseline->process;
        if (!process.known) process = host_.read_process_counters();
        constexpr nanoseconds refreshed_after = std::chrono::seconds{1};
        if (now - before_.at > refreshed_after) host_.read_process(before_);
    }

    /// The deadline was missed: begins the first look. `runners`: who runs the loop, where that is known, or the one
    /// that holds the strand. Null: there is no memory for it, and the block is counted as dropped.
    [[nodiscard]] owned<block_record> begin(watch& w, time_point now, loop_runners const* runners, strand_hold hold)
    {
        owned<block_record> record;
        try {
            record = records_.take();
            find_out(w, *record, now, runners, hold);
            begin_recording(w, *record, before_, now);
            return record;
        } catch (...) {
            if (record) put_back(std::move(record));
            host_.count_dropped(w);
            return {};
        }
    }

    /// The block is over, or no longer of interest: ends the looks under way.
    void put_back(owned<block_record> record)
    {
        end_recording(*record, false, threads_.now());
        record->clear(threads_);
        records_.put_back(std::move(record));
    }

    /// While the block lasts: takes samples and emits progress reports.
    void take_samples(watch& w, block_record& record, time_point now)
    {
        record_length(w, record, now);
        if (!record.first.taken()) return;
        record_stacks(w, record, before_, now);
        if (!record.sampling) {
            if (now >= record.progress.due_at())
                record.progress.advance();
            else if (now < record.samples.due_at() || has_never_run(w, now))
                return;
            record.sampling = true;
            record.look_again(threads_);
        }
        if (!record.latest.taken()) return;
        record.sampling = false;
        record.samples.add(record.latest.found(), now);
        record_sample(w, record, before_, now);
        if (!record.progress.take_pending()) return;
        if (auto const length = w.beat_deadline.so_far(now)) hand_over(w, wait_until(w, now, *length, ending::none));
    }

    /// Looks at the loop's threads once more before the watch ends. False: the look is still under way.
    [[nodiscard]] bool final_look_taken(watch& w, block_record& record)
    {
        if (record.first.under_way()) return false;
        if (!std::exchange(w.end_requested->final_look_begun, true)) {
            record.latest.clear(threads_);
            record.latest.begin(record.first.taken() ? view<loop_thread const>{record.threads} : w.threads.all(),
                                threads_);
        }
        return !record.latest.under_way();
    }

    /// When to call take_samples() again.
    [[nodiscard]] static time_point next_look(watch const& w, block_record const& record, time_point now)
    {
        look const& first = record.first;
        look const& latest = record.latest;
        time_point const report_at = record.progress.due_at();
        // A report that is due waits for the look under way: it does not make the watchdog look sooner.
        if (first.under_way() || latest.under_way())
            return std::min({now + w.timing.period, first.next_poll(now), latest.next_poll(now)});
        // The beat rings.
        if (has_never_run(w, now)) return report_at;
        return std::min({now + w.timing.period, record.samples.due_at(), report_at});
    }

    [[nodiscard]] static wait_so_far wait_until(watch const& w, time_point until, duration_bounds length, ending how)
    {
        return {length, how, w.beat_deadline.sent_at(), until, w.beat_deadline.excused(), false};
    }

    /// Where there is no memory for it, it is counted and no more.
    void hand_over(watch& w, wait_so_far const& wait) noexcept
    {
        // What is still being captured when the loop runs on would be of something else.
        if (auto* const block = w.block(); block != nullptr && goes_on_after(wait.how))
            block->record->first.stop(threads_);
        process_reading after;
        host_.read_process(after);
        // Before the reporter may be done with it. If there is no memory for a report, the black box alone tells of it.
        if (auto* const block = w.block(); block != nullptr && wait.how != ending::none)
            end_recording(*block->record, true, wait.until);
        try {
            host_.hand_over(w, packed(w, wait, threads_, host_, before_, after));
        } catch (...) {
            if (wait.how != ending::none) host_.count_dropped(w);
        }
    }

    /// Whether this is one of the threads that run it, as far as is known.
    [[nodiscard]] static bool looks_at(block_record const& record, thread_number thread)
    {
        return first_with(record.threads, &loop_thread::number, thread) != nullptr;
    }

private:
    void find_out(watch& w, block_record& record, time_point now, loop_runners const* runners, strand_hold hold)
    {
        record.hold = hold;
        if (runners != nullptr)
            begin_look(w, record, *runners);
        else
            begin_look(w, record);
        sighting const& seen = record.first.found();
        record.holder_name = seen.has_holder ? host_.name_of(seen.holder.reading.thread) : std::string{};
        host_.read_process(record.at_deadline);
        record.samples.begin(now, std::max(w.timing.period, w.timing.threshold / 4));
        record.progress.begin(w.beat_deadline.sent_at(), w.how.action == on_block::log, wanted_length(w));
    }

    /// For how long a heartbeat has waited when the block is as long as its receiver wants to know of; 0: it does not.
    static nanoseconds wanted_length(watch const& w)
    {
        nanoseconds const wanted = w.how.receiver ? w.how.receiver->report_at() : nanoseconds{0};
        return wanted > nanoseconds{0} ? wanted + w.timing.slack : wanted;
    }

    /// The threads that run the context, or the one that holds the strand. Where that is not known any of them may: all
    /// are looked at, so that it is seen whether there are others than the one that seems to.
    void begin_look(watch& w, block_record& record, loop_runners const& runners)
    {
        record.threads.clear();
        record.others.clear();
        auto const add = [&](thread_number thread) {
            loop_thread const* const known = first_with(w.threads.all(), &loop_thread::number, thread);
            loop_thread one = known != nullptr ? *known : loop_thread{.number = thread};
            one.loop = w.scheduler;
            if (record.hold == strand_hold::by_one) one.strand = w.strand;
            record.threads.push_back(one);
        };
        for (thread_number const t : runners.found()) add(t);
        record.all_threads = runners.all;
        record.first.begin(record.threads, threads_);
    }

    static bool waits(seen_thread const& t) { return t.reading.in_kernel && may_wait_for_work(t.reading.call); }

    /// The loop's threads; and where all of them wait, but a strand may be held by one that never ran a heartbeat, the
    /// other threads of the process, as many as can be looked at.
    void begin_look(watch& w, block_record& record)
    {
        record.threads.assign(w.threads.all());
        record.others.clear();
        record.all_threads = false;
        record.first.begin(record.threads, threads_);
        if (!w.how.on_strand || !all_of(record.first.found().all(), &block_keeper::waits)) return;
        std::size_t const room = loop_threads::max - record.threads.size();
        record.all_threads = host_.add_other_threads(record.threads, room, record.others);
        record.first.add(record.others, threads_);
    }

    /// A loop that has never run may be left alone for long: only progress reports look at it then.
    static bool has_never_run(watch const& w, time_point now)
    {
        constexpr nanoseconds first_run = std::chrono::seconds{1};
        return !w.threads.seen() && now - w.beat_deadline.sent_at() > first_run;
    }

    thread_access& threads_;
    watch_host& host_;
    record_store records_;
    process_reading before_;  // at most a second old when a heartbeat is sent
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
