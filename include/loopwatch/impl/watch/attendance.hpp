// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../block/block_facts.hpp"
#include "../block/block_record.hpp"
#include "../loop/runners.hpp"
#include "../platform/thread.hpp"
#include "sending.hpp"
#include "sent_heartbeat.hpp"
#include "watch.hpp"
#include "watch_host.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Who runs a loop while its heartbeat is out. That one waits means nothing while nobody does. Under the watchdog's
// mutex.

/// From now on these run it: the heartbeat waits for them.
inline void note_attended(watch& w, time_point now, loop_runners const& runners)
{
    for (thread_number const thread : runners.found())
        if (!w.threads.seen() || !w.threads.contain(thread)) w.threads.add(thread);
    w.heartbeat->attendance = attended{runners.calls};
    w.heartbeat->baseline.reset();
    w.beat_deadline.attended(now);
}

/// From now on nobody runs it, as far as is known: what was before is no part of a block to come.
inline void note_unattended(watch& w, time_point now)
{
    if (!w.knows_runners()) return;
    w.beat_deadline.unattended(now);
    w.heartbeat->attendance = unattended{.left_at = now, .search_at = now + w.timing.period};
}

/// What a search for runners has changed.
enum class search_result {
    none,       // it was not due; or the heartbeat has run meanwhile
    attended,   // somebody runs the loop now
    unattended  // still nobody does
};

/// A heartbeat waits, and nobody ran the loop when it was sent: that time does not count. It counts from when any
/// thread is seen to run the loop. Searches once a period, and more rarely the longer nobody does.
[[nodiscard]] inline search_result search_for_runners(watch& w, unattended& waits, time_point now, watch_host& host)
{
    if (now < waits.search_at) return search_result::none;
    waits.search_at = now;
    ask_whether_stopped(w, now);  // it may have been restarted since
    loop_runners runners;
    if (is_stopped(w)) {
        runners.all = true;  // none
        runners.as_of = now;
    } else {
        runners = host.find_runners_lately(w.scheduler, w.threads.all(), now);
    }
    if (!w.beats->out()) return search_result::none;  // there was somebody
    if (runners.size > 0 || !runners.all) {
        note_attended(w, now, runners);
        return search_result::attended;
    }
    w.beat_deadline.unattended(runners.as_of);
    constexpr nanoseconds rarely = std::chrono::milliseconds{50};
    constexpr nanoseconds for_each = std::chrono::microseconds{100};  // a search takes one or two
    auto const distance = std::clamp((now - waits.left_at) / 16, w.timing.period, std::max(w.timing.period, rarely));
    waits.search_at = now + std::max<nanoseconds>(distance, for_each * runners.looked_at);
    return search_result::unattended;
}

/// A heartbeat waits for those who ran the loop when it was sent. If none of those calls lasts, the loop was left
/// meanwhile, at an unknown time: the wait counts from now.
inline void confirm_runners(watch& w, time_point now, watch_host& host)
{
    run_calls const& before = w.waits_for()->calls;
    // Without calls it is run by somebody unknown, and another search would tell no more.
    if (!w.knows_runners() || before.empty() || any_lasts(host, w.scheduler, before)) return;
    auto const runners = host.find_runners(w.scheduler, w.threads.all());
    if (!w.beats->out() || any_of(runners.calls.all(), [&](run_call const& c) { return before.contain(c); })) return;
    if (runners.size > 0) return note_attended(w, now, runners);
    if (runners.all) note_unattended(w, now);
}

/// Whether the heartbeat that has run came by one of the calls that it waited for, or one of them lasts. Else the loop
/// was left meanwhile.
[[nodiscard]] inline bool was_attended(watch const& w, watch_host& host)
{
    auto const* const waits = w.waits_for();
    if (waits == nullptr) return false;
    if (!w.knows_runners() || w.beats->run_call() == 0 || waits->calls.empty()) return true;
    return waits->calls.contain({w.beats->thread(), w.beats->run_call()}) || any_lasts(host, w.scheduler, waits->calls);
}

/// Whether it is certain that no thread runs it any more: left by an exception, say.
[[nodiscard]] inline bool is_left(watch const& w, block_record const& record, watch_host& host)
{
    if (!w.knows_runners() || any_runs(host, w.scheduler, record.threads) || any_runs(host, w.scheduler, record.others))
        return false;
    if (w.lane_of != nullptr) return true;
    auto const runners = host.find_runners(w.scheduler, {});
    return runners.size == 0 && runners.all;
}

/// Whether a late heartbeat may be the loop's fault: somebody may be running it.
[[nodiscard]] inline bool may_be_held(watch const& w) { return !w.threads.empty() && !is_stopped(w); }

/// Who holds a strand: the only thread that has it in its list, which then takes the place of `runners`. Between two
/// handlers it is in no list for a moment: only three searches in a row prove that nobody holds it.
[[nodiscard]] inline strand_hold find_holder(watch const& w, loop_runners& runners, watch_host& host)
{
    constexpr int looks = 3;
    bool all = true;
    for (int i = 0; i < looks; ++i) {
        auto const holders = host.find_runners(w.strand, w.threads.all());
        if (holders.size == 1) {
            runners = holders;
            return strand_hold::by_one;
        }
        all = all && holders.size == 0 && holders.all;
    }
    return all && runners.size > 0 ? strand_hold::by_nobody : strand_hold::untold;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
