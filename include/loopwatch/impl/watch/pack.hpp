// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/owned.hpp"
#include "../base/clock.hpp"
#include "../block/block_record.hpp"
#include "../block/looks_at.hpp"
#include "../block/raw_block.hpp"
#include "../capture/look.hpp"
#include "../capture/thread_access.hpp"
#include "../platform/thread.hpp"
#include "watch.hpp"
#include "watch_host.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the watchdog knows of a wait that has ended, or of one that it reports while it lasts.
struct wait_so_far {
    duration_bounds length;
    ending how{ending::beat};
    time_point sent_at{};
    time_point until{};
    nanoseconds late{};
    bool forgiven{false};  // but for that it would have been a block
};

/// How long the thread has been waiting for a CPU that it has not been given yet. The kernel adds up a wait when it is
/// over; but a thread that is ready to run, and whose counters stand, waits.
inline nanoseconds pending_run_delay(raw_block const& raw, thread_life const& life, thread_number thread)
{
    if (!life.to.known) return {};
    auto const stands = [&](thread_counters const& c) {
        return c.known && c.slices == life.to.slices && c.on_cpu == life.to.on_cpu;
    };
    auto const looks = looks_at(raw, thread);
    auto const* const first =
        first_of(looks, [&](seen_thread const* t) { return t->reading.state == 'R' && stands(t->reading.counters); });
    if (first == nullptr) return {};
    // Ready at the deadline and not run since the heartbeat waits: it was woken by that.
    bool const at_deadline = first == looks.data();
    time_point const since = at_deadline && stands(life.from) ? life.from.at : (*first)->reading.at;
    return std::max(nanoseconds{0}, life.to.at - since);
}

/// The last of the readings of a thread that has ended since.
inline thread_counters last_counters(raw_block const& raw, thread_number thread)
{
    thread_counters last;
    for (seen_thread const* const t : looks_at(raw, thread))
        if (t->reading.counters.known) last = t->reading.counters;
    return last;
}

/// How it was spent of a thread that the loop had not run on before. The count begins where it was first looked at;
/// or, if nothing was counted since, with its life: then all that it ever waited counts.
inline thread_counters first_counters(thread_counters const& first_seen, thread_counters const& last,
                                      time_point sent_at)
{
    bool const counted = first_seen.known && last.known && last.at > first_seen.at;
    return counted ? first_seen
                   : thread_counters{.known = last.known, .at = sent_at, .run_delay_counted = last.run_delay_counted};
}

/// The most frequent types of handlers that ran on the loop's threads since the heartbeat was sent.
inline void add_what_ran(watch const& w, block_facts& to, watch_host& host)
{
    many<std::uint64_t> now;
    for (void const* const counter : w.exact->counters) host.add_counts(counter, now);
    many<std::uint64_t> const& before = w.exact->counts;
    for (std::size_t i = 0; i < now.size(); ++i) {
        std::uint64_t const count = now[i] - (i < before.size() ? before[i] : 0);
        if (count == 0) continue;
        to.ran_all += count;
        // In its place among the most frequent ones, and each after it in the next one's.
        type_count one{static_cast<std::uint32_t>(i), count};
        for (std::size_t place = 0; place < to.ran_types; ++place)
            if (one.count > to.ran[place].count) std::swap(one, to.ran[place]);
        if (to.ran_types < to.ran.size()) to.ran[to.ran_types++] = one;
    }
}

/// Puts together what was found out. On the watchdog, tens of microseconds.
inline owned<raw_block> packed(watch& w, wait_so_far const& wait, thread_access& threads, watch_host& host,
                               process_reading const& before, process_reading const& after)
{
    auto packed = make_owned<raw_block>();
    raw_block& block = *packed;
    block.length = wait.length;
    block.threshold = w.timing.threshold;
    block.waited = wait.until - wait.sent_at;
    block.late = wait.late;
    block.forgiven = wait.forgiven;
    block.how = wait.how;
    block.sent_at = wait.sent_at;
    block.reported_at = threads.now();
    block.reported_at_wall = std::chrono::system_clock::now();
    counter_baseline const baseline = w.heartbeat ? w.heartbeat->baseline.value_or({}) : counter_baseline{};
    block.at_send = baseline.process;
    block.knows_runners = w.knows_runners();
    block.before = before;
    block.after = after;
    if (wait.how == ending::beat) block.beat_path = w.beats->path();
    if (held_loop const* const held = w.held())
        block.handler = held->facts;
    else if (w.exact)
        add_what_ran(w, block, host);

    if (auto const* const under_way = w.block()) {
        block_record const& record = *under_way->record;
        sighting const& seen = record.first.found();
        block.first.assign(seen.of_loop());
        block.others.assign(seen.others());
        if (wait.how == ending::beat || wait.how == ending::handler) {
            discard_later(block.first, wait.until);
            discard_later(block.others, wait.until);
        }
        // Threads that could be looked at only when they had left the loop tell nothing of the time before.
        bool const all_left =
            all_of(seen.all(), [](seen_thread const& t) { return t.stack.where == standing::outside; });
        if (wait.how == ending::stopped && all_left) {
            for (seen_thread& t : block.first) discard_later({&t, 1}, t.stack.taken_at);
            for (seen_thread& t : block.others) discard_later({&t, 1}, t.stack.taken_at);
        }
        block.all_threads = record.all_threads;
        block.hold = record.hold;
        if (seen.has_holder) {
            block.holder = seen.holder;
            block.holder_name = record.holder_name;
        }
        block.later = record.samples.moments();
        block.latest.assign(record.latest.found().all());
        block.at_deadline = record.at_deadline;
    }
    thread_number ran_by = 0;
    if (wait.how == ending::beat) ran_by = w.beats->thread();
    if (wait.how == ending::handler) ran_by = w.held()->ended_on;
    block.run_elsewhere = ran_by != 0 && !w.threads.seen() && !w.threads.contain(ran_by);
    if (block.first.empty()) {
        // It was over before this thread could look.
        auto const miss = [&](thread_number thread) {
            seen_thread& missed = block.first.emplace_back();
            missed.stack = snapshot{};
            missed.stack.missing = capture_error::recovered;
            missed.stack.thread = thread;
        };
        for (loop_thread const& t : w.threads.all()) miss(t.number);
        if (ran_by != 0 && !w.threads.contain(ran_by)) miss(ran_by);
    }
    // What the heartbeat itself has noted is of the end; afterwards the thread may have waited for a CPU, or ended.
    auto const read_at_end = [&](thread_number thread, thread_counters& to) {
        // While it is out its counters are the loop's.
        if (wait.how != ending::beat || thread != ran_by || !w.beats->counters().known)
            return threads.read_counters(thread, to);
        to = w.beats->counters();
        return true;
    };
    for (std::size_t i = 0; i < block.looked_at(); ++i) {
        thread_number const thread = block.seen(i).stack.thread;
        if (thread == ran_by) block.ran_by = i;
        thread_life& life = i < block.first.size() ? block.lives.emplace_back() : block.other_lives.emplace_back();
        life.name = host.name_of(thread);
        auto const* const known = first_with(w.threads.all(), &loop_thread::number, thread);
        // Of one that had not run the loop before, since it was first looked at.
        life.since_seen = known == nullptr;
        if (!read_at_end(thread, life.to)) life.to = last_counters(block, thread);
        life.from = life.since_seen ? first_counters(block.seen(i).reading.counters, life.to, block.sent_at)
                                    : baseline.threads[static_cast<std::size_t>(known - w.threads.all().data())];
        if (w.held() != nullptr && !life.since_seen)
            life.waited_before = host.waited_since(thread, block.sent_at, life.from).value_or(nanoseconds{-1});
        life.to.run_delay += pending_run_delay(block, life, thread);
    }
    if (ran_by != 0 && block.ran_by == raw_block::none) {
        thread_counters newcomer;
        read_at_end(ran_by, newcomer);
        block.newcomer_waited = newcomer.run_delay;
    }
    return packed;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
