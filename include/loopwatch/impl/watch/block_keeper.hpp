// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/view.hpp"
#include "../block/block_record.hpp"
#include "../evidence/evidence.hpp"
#include "../loop/couriers.hpp"
#include "../loop/runners.hpp"
#include "../platform/thread.hpp"
#include "../report/reporter.hpp"
#include "pack.hpp"
#include "watch.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Finds out about blocks: looks at the loop's threads at the deadline and while it lasts, reads the evidence, and
/// hands over what there is. Every function is called under the watchdog's mutex.
class block_keeper {
public:
    block_keeper(reporter& to, couriers const& own) : reporter_{to}, couriers_{own} {}

    /// How the loop's threads have spent their lives until the heartbeat waits. 2 us a thread.
    void take_baseline(watch& w)
    {
        w.has_baseline = true;
        w.process_at_send = {};
        std::size_t i = 0;
        for (loop_thread const& t : w.threads.all()) threads_.counters(t.number, w.at_send[i++]);
    }

    /// On the watchdog alone: the guard's constructor does without this microsecond, and the first heartbeat counts
    /// from the watchdog's next look.
    void look_at_process(watch& w, time_point now)
    {
        if (!w.process_at_send.known) w.process_at_send = process_reader::counters();
        constexpr nanoseconds refreshed_after = std::chrono::seconds{1};
        if (now - before_.at > refreshed_after) process_.read(before_);
    }

    /// The deadline was missed. `runners`: who runs the loop, where that is known, or the one that holds the strand.
    /// False: there is no memory to find out about it, and it is counted as lost.
    [[nodiscard]] bool begin(watch& w, time_point now, loop_runners const* runners, strand_hold hold)
    {
        try {
            find_out(w, now, runners, hold);
            return true;
        } catch (...) {
            end(w);
            reporter_.count_dropped(w);
            return false;
        }
    }

    /// Forgets what was found out, if anything was.
    void end(watch& w)
    {
        if (w.record) records_.put_back(std::move(w.record));
        w.word_due = false;
    }

    /// It goes on: takes samples, and says a word now and then.
    void go_on(watch& w, time_point now)
    {
        block_record& record = *w.record;
        if (!record.first.taken()) return;
        if (!record.looking) {
            if (now >= w.next_word) {
                w.word_due = true;
                w.word_distance *= 2;
                w.next_word = w.clock.sent_at() + w.word_distance;
            } else if (now < record.samples.due_at() || is_left_alone(w, now)) {
                return;
            }
            record.looking = true;
            record.look_again(threads_);
        }
        if (!record.latest.taken()) return;
        record.looking = false;
        record.samples.add(record.latest.found(), now);
        if (!std::exchange(w.word_due, false)) return;
        if (auto const length = w.clock.so_far(now)) hand_over(w, wait_until(w, now, *length, ending::none));
    }

    /// Before the watch ends. False: the look is still under way.
    bool look_once_more(watch& w)
    {
        block_record& record = *w.record;
        if (record.first.under_way()) return false;
        if (!w.last_look) {
            w.last_look = true;
            record.latest.clear();
            record.latest.begin(record.first.taken() ? view<loop_thread const>{record.threads} : w.threads.all(),
                                threads_);
        }
        return !record.latest.under_way();
    }

    /// When to call go_on() again.
    [[nodiscard]] static time_point next_look(watch const& w, time_point now)
    {
        look const& first = w.record->first;
        look const& latest = w.record->latest;
        if (first.under_way() || latest.under_way())
            return std::min({now + w.timing.period, first.next_poll(now), latest.next_poll(now), w.next_word});
        // A loop that has never run may be left alone for long: the beat rings.
        if (is_left_alone(w, now)) return w.next_word;
        return std::min({now + w.timing.period, w.record->samples.due_at(), w.next_word});
    }

    [[nodiscard]] static wait_so_far wait_until(watch const& w, time_point until, duration_bounds length, ending how)
    {
        return {length, how, w.clock.sent_at(), until, w.clock.excused(), false};
    }

    /// Where there is no memory for it, it is counted and no more.
    void hand_over(watch& w, wait_so_far const& wait) noexcept
    {
        // What is still being captured when the loop runs on would be of something else.
        if (w.record && (wait.how == ending::beat || wait.how == ending::stopped)) w.record->first.stop();
        process_reading after;
        process_.read(after);
        try {
            reporter_.hand_over(shared<watched>{&w}, packed(w, wait, threads_, before_, after));
        } catch (...) {
            if (wait.how != ending::none) reporter_.count_dropped(w);
        }
    }

    /// Whether this is one of the threads that run it, as far as is known.
    [[nodiscard]] static bool looks_at(watch const& w, thread_number thread)
    {
        return w.record && first_with(w.record->threads, &loop_thread::number, thread) != nullptr;
    }

private:
    void find_out(watch& w, time_point now, loop_runners const* runners, strand_hold hold)
    {
        w.record = records_.take();
        w.record->hold = hold;
        if (runners != nullptr)
            begin_look(w, *w.record, *runners);
        else
            begin_look(w, *w.record);
        sighting const& seen = w.record->first.found();
        w.record->holder_name = seen.has_holder ? thread_name(seen.holder.reading.thread) : std::string{};
        process_.read(w.record->at_deadline);
        w.record->samples.begin(now, std::max(w.timing.period, w.how.threshold / 4));
        constexpr nanoseconds first_word = std::chrono::seconds{1};
        w.word_distance = first_word;
        w.next_word = w.how.action == on_block::log ? w.clock.sent_at() + w.word_distance : time_point::max();
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
        record.all_threads = others_.list([&](thread_number thread) {
            if (thread == reporter_.number() || couriers_.contain(thread)) return true;
            if (first_with(record.threads, &loop_thread::number, thread) != nullptr) return true;
            if (record.threads.size() + record.others.size() == loop_threads::max) return false;
            record.others.push_back({.number = thread});
            return true;
        });
        record.first.add(record.others, threads_);
    }

    static bool is_left_alone(watch const& w, time_point now)
    {
        constexpr nanoseconds first_run = std::chrono::seconds{1};
        return !w.threads.seen() && now - w.clock.sent_at() > first_run;
    }

    reporter& reporter_;
    couriers const& couriers_;
    thread_reader threads_;
    process_reader process_;
    thread_list others_;
    record_store records_;
    process_reading before_;  // at most a second old when a heartbeat is sent
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
