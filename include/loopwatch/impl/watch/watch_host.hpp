// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../block/raw_block.hpp"
#include "../evidence/reading.hpp"
#include "../exact/handler_facts.hpp"
#include "../exact/seen_handler.hpp"
#include "../loop/runners.hpp"
#include "../platform/thread.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct watch;

/// What the keepers of a watch ask of the process around it, beside what thread_access.hpp gives. Abstract, so that
/// unit tests answer with numbers. All of it is called under the watchdog's mutex.
class watch_host {
public:
    /// The outermost call by which this thread runs the loop, by the address of its element; 0: it does not.
    [[nodiscard]] virtual std::uintptr_t run_call_of(thread_number thread, scheduler_identity const& loop) = 0;

    /// See runner_search.
    [[nodiscard]] virtual loop_runners find_runners(scheduler_identity const& loop, view<loop_thread const> known) = 0;

    /// The same, but of threads that are not known it may be some time old: see loop_runners::as_of.
    [[nodiscard]] virtual loop_runners find_runners_lately(scheduler_identity const& loop,
                                                           view<loop_thread const> known, time_point now) = 0;

    /// Adds threads of the process that are not among `known`, nor the library's own, at most `room`. True: these are
    /// all.
    [[nodiscard]] virtual bool add_other_threads(view<loop_thread const> known, std::size_t room,
                                                 many<loop_thread>& to) = 0;

    /// The innermost such call: what a thread runs within it, it runs for this loop.
    [[nodiscard]] virtual std::uintptr_t innermost_call_of(thread_number thread, scheduler_identity const& loop) = 0;

    // Of loops whose threads write down their handlers: see handler_reader.

    /// A thread's together, the outermost first. Valid until it is called again. Throws: std::bad_alloc.
    [[nodiscard]] virtual view<seen_handler const> running_handlers() = 0;
    /// The same, as it may have been a little before `now`: those who ask at about the same time share one look.
    [[nodiscard]] virtual view<seen_handler const> running_handlers_lately(time_point now, nanoseconds oldest) = 0;
    [[nodiscard]] virtual handler_facts facts_of(seen_handler const& one) = 0;
    /// When the last handler began that its thread has run within it, by a nested run; or when it began itself.
    [[nodiscard]] virtual time_point last_begun_within(seen_handler const& one) = 0;
    virtual void await_end(seen_handler const& one, nanoseconds rings_after) = 0;
    [[nodiscard]] virtual handler_fate fate_of(seen_handler const& one) = 0;
    /// For how long at most the thread can have waited for a CPU between `since`, when it ran, and `to`. Nothing: that
    /// is not counted.
    [[nodiscard]] virtual maybe<nanoseconds> waited_since(thread_number thread, time_point since,
                                                          thread_counters const& to) = 0;
    /// Where the handlers of this thread are counted. When it has ended another thread's may be counted there, too, but
    /// what is counted never gets less. Null: it has ended, or has run none.
    [[nodiscard]] virtual void const* counter_of(thread_number thread) = 0;
    /// Adds up how many handlers each type has had so far by this counter. Throws: std::bad_alloc.
    virtual void add_counts(void const* counter, many<std::uint64_t>& to) = 0;

    /// "" if the thread is gone.
    [[nodiscard]] virtual std::string name_of(thread_number thread) = 0;

    [[nodiscard]] virtual process_counters read_process_counters() = 0;
    virtual void read_process(process_reading& to) = 0;

    /// A block that is over, or a progress report of one that lasts. Throws: std::bad_alloc.
    virtual void hand_over(watch& w, owned<raw_block> block) = 0;

    /// A block was seen, and there was no memory to tell of it.
    virtual void count_dropped(watch& w) = 0;

protected:
    watch_host() = default;
    watch_host(watch_host const&) = delete;
    watch_host& operator=(watch_host const&) = delete;
    ~watch_host() = default;
};

/// Whether one of these threads runs the loop. Some microseconds, as are the next two.
[[nodiscard]] inline bool any_runs(watch_host& host, scheduler_identity const& loop, view<loop_thread const> threads)
{
    return any_of(threads, [&](loop_thread const& t) { return host.run_call_of(t.number, loop) != 0; });
}

/// The calls by which these threads run the loop.
[[nodiscard]] inline run_calls calls_of(watch_host& host, scheduler_identity const& loop,
                                        view<loop_thread const> threads)
{
    run_calls found;
    for (loop_thread const& t : threads)
        if (auto const at = host.run_call_of(t.number, loop); at != 0) found.add({t.number, at});
    return found;
}

/// Whether one of these calls has not returned yet.
[[nodiscard]] inline bool any_lasts(watch_host& host, scheduler_identity const& loop, run_calls const& calls)
{
    return any_of(calls.all(), [&](run_call const& c) { return host.run_call_of(c.thread, loop) == c.element; });
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
