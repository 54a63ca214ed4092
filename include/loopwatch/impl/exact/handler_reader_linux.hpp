// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/exact/completion.hpp"
#include "../../detail/exact/thread_record.hpp"
#include "../base/by_number.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../platform/doorbell.hpp"
#include "../platform/system_call.hpp"
#include "../platform/thread.hpp"
#include "handler_facts.hpp"
#include "seen_handler.hpp"
#include "tick_clock.hpp"
#include "type_names.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fcntl.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Reads what threads write down of the handlers that they run. Under the watchdog's mutex, but for the constructor.
class handler_reader {
public:
    handler_reader() : born_{pair_now()} {}

    /// Before anything else, and once: when the first loop is watched whose handlers are written down. Takes half a
    /// millisecond if the process is younger than that, else microseconds. `bell`: what wakes the watchdog.
    void begin(doorbell& bell)
    {
        if (begun_) return;
        begun_ = true;
        if (!kernel_trusts_counter()) {
            exact::state.flags.fetch_or(exact::shared_state::by_clock);
            born_ = pair_now();
        }
        constexpr nanoseconds distance = std::chrono::microseconds{500};
        clock_pair now = pair_now();
        while (now.at - born_.at < distance) now = pair_now();
        clock_.begin(born_, now);
        can_sleep_ = system_call(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
        bell_of_handlers().store(&bell, std::memory_order_release);
        exact::state.wake.store(&ring, std::memory_order_release);
    }
    [[nodiscard]] bool begun() const { return begun_; }

    /// All handlers that threads are in: a thread's together, the outermost first. Throws: std::bad_alloc.
    void read_running(many<seen_handler>& to)
    {
        to.clear();
        clock_pair const now = pair_now();
        clock_.note(now);
        for (exact::thread_record* each = first_record(); each != nullptr; each = each->next) {
            std::uint32_t const depth = each->depth.load(std::memory_order_acquire);
            thread_number const thread = each->thread.load(std::memory_order_relaxed);
            if (thread == 0) continue;
            for (std::uint32_t place = 0; place < std::min(depth, exact::most_nested); ++place) {
                seen_handler one{.thread = thread, .record = each, .place = place};
                if (!read(*each, place, one)) break;
                one.began = clock_.time_of(one.stamp, now.at);
                to.push_back(one);
            }
        }
    }

    /// What is known of it. Nothing, if it has ended meanwhile.
    [[nodiscard]] handler_facts facts_of(seen_handler const& one) const
    {
        exact::running_handler const& from = running(one);
        handler_facts facts;
        if (from.whole.load(std::memory_order_acquire) != one.stamp) return facts;
        facts.type = read(from.type);
        std::uint64_t const started = read(from.started);
        std::uint64_t ready = started;
        facts.operation = read(from.operation);
        if (facts.operation != nullptr) {
            facts.object_type = read(from.object_type);
            facts.object = reinterpret_cast<std::uintptr_t>(read(from.object));
            facts.native = static_cast<std::int32_t>(read(from.native));
            facts.file = read(from.file);
            facts.line = read(from.line);
            ready = read(from.ready);
        }
        if (from.began.load(std::memory_order_relaxed) != one.stamp) return {};
        facts.known = true;
        facts.thread = one.thread;
        if (started > exact::untold) facts.started_before = one.began - clock_.time_of(started, one.began);
        facts.queued = queued(ready, one.began);
        // A timer that had expired before is ready when it is started.
        if (facts.started_before >= nanoseconds{0}) facts.queued = std::min(facts.queued, facts.started_before);
        return facts;
    }

    /// When the last handler began that the thread has run within this one; or when this one did. Those of a strand are
    /// its own.
    [[nodiscard]] time_point last_begun_within(seen_handler const& one) const
    {
        if (one.place + 1 >= exact::most_nested || is_strands(read(running(one).type))) return one.began;
        std::uint64_t const stamp = read(record_of(one).running[one.place + 1].began);
        return std::max(one.began, clock_.time_of(stamp, clock::now()));
    }

    /// Has it say when it ends, and ring if that is so long after its beginning.
    static void await_end(seen_handler const& one, std::uint64_t rings_after)
    {
        exact::running_handler& of = running(one);
        exact::put(of.rings_after, rings_after);
        exact::put(of.awaited, one.stamp);
        record_of(one).awaited.fetch_or(1U << one.place);
    }
    [[nodiscard]] std::uint64_t ticks_in(nanoseconds d) const { return clock_.ticks_in(d); }
    [[nodiscard]] double nanoseconds_per_tick() const { return clock_.nanoseconds_per_tick(); }

    [[nodiscard]] handler_fate fate_of(seen_handler const& one)
    {
        exact::thread_record const& record = record_of(one);
        exact::running_handler const& of = running(one);
        // It says so, and rings, before it lessens the depth.
        if (of.ended.load(std::memory_order_acquire) != one.stamp) {
            bool const runs = record.depth.load(std::memory_order_acquire) > one.place &&
                              of.began.load(std::memory_order_acquire) == one.stamp &&
                              record.thread.load(std::memory_order_relaxed) == one.thread;
            if (runs) return {};
            // It may have said so meanwhile.
            if (of.ended.load(std::memory_order_acquire) != one.stamp) return {handler_fate::is::gone, {}};
        }
        clock_pair const now = pair_now();
        clock_.note(now);
        return {handler_fate::is::ended, clock_.time_of(of.ended_at.load(std::memory_order_relaxed), now.at)};
    }

    /// See watch_host::counter_of().
    [[nodiscard]] void const* counter_of(thread_number thread) const { return find_record(thread); }

    /// Adds up how many handlers of each type have been counted there so far, by the types' numbers. Throws:
    /// std::bad_alloc.
    void add_counts(void const* counter, many<std::uint64_t>& to) const
    {
        auto const* const record = static_cast<exact::thread_record const*>(counter);
        std::size_t const types = std::min(exact::get(exact::state.types) + 1, exact::most_types);
        if (to.size() < types) to.resize(types);
        for (std::size_t i = 0; i < types; ++i) to[i] += exact::get(record->counts[i]);
    }

    /// The threads that are in a handler, or have begun one since this was asked before. Throws: std::bad_alloc.
    void read_active(many<thread_number>& to)
    {
        to.clear();
        records_.clear();
        of_threads_.clear();
        std::uint64_t const before = asked_at_;
        asked_at_ = exact::ticks();
        for (exact::thread_record* each = first_record(); each != nullptr; each = each->next) {
            thread_number const thread = read(each->thread);
            if (thread != 0 && of_threads_.find(key_of(thread)) == number_index::none) {
                records_.push_back(each);
                of_threads_.add(key_of(thread), records_.size() - 1);
            }
            if (thread != 0 && (read(each->depth) > 0 || read(each->running[0].began) > before)) to.push_back(thread);
        }
    }

    /// Whether the watchdog may sleep without looking at handlers: none runs, and the first that begins rings. To be
    /// called after the bell's count was read. Microseconds.
    ///
    /// No handler is missed: the barrier comes between this flag and the last look, and in a thread between its note of
    /// a handler and its look at the flag. So either that sees the flag, or this the handler.
    [[nodiscard]] bool sleep_until_rung() const
    {
        if (!can_sleep_ || any_runs()) return false;
        exact::state.flags.fetch_or(exact::shared_state::asleep);
        static_cast<void>(system_call(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
        if (!any_runs()) return true;
        exact::state.flags.fetch_and(~exact::shared_state::asleep);
        return false;
    }

    /// In the child of a fork there is no watchdog. Of the threads' records exact::forget_other_threads() takes care.
    static void forget_watchdog()
    {
        exact::state.wake.store(nullptr, std::memory_order_relaxed);
        exact::state.flags.fetch_and(~(exact::shared_state::asleep | exact::shared_state::measures));
    }

private:
    static exact::thread_record* first_record() { return exact::state.records.load(std::memory_order_acquire); }
    static exact::thread_record& record_of(seen_handler const& one)
    {
        return *static_cast<exact::thread_record*>(one.record);
    }
    static exact::running_handler& running(seen_handler const& one) { return record_of(one).running[one.place]; }

    /// In order: what is read next is as new or newer.
    template <typename T>
    static T read(exact::cell<T> const& from)
    {
        return from.load(std::memory_order_acquire);
    }

    /// See exact::running_handler.
    static bool read(exact::thread_record const& record, std::uint32_t place, seen_handler& to)
    {
        exact::running_handler const& from = record.running[place];
        constexpr int tries = 3;
        for (int i = 0; i < tries; ++i) {
            to.stamp = read(from.whole);
            to.frame = read(from.frame);
            bool const is_whole = read(from.began) == to.stamp;
            if (read(record.depth) <= place) return false;
            if (is_whole && from.began.load(std::memory_order_relaxed) == to.stamp) return true;
        }
        return false;
    }

    /// < 0: it is not known when it was ready, or it was not: a timer that was cancelled.
    [[nodiscard]] nanoseconds queued(std::uint64_t ready, time_point began) const
    {
        if (ready <= exact::untold) return nanoseconds{-1};
        if ((ready & exact::in_nanoseconds) == 0) return began - clock_.time_of(ready, began);
        time_point const expiry{nanoseconds{static_cast<std::int64_t>(ready & ~exact::in_nanoseconds)}};
        return expiry <= began ? began - expiry : nanoseconds{-1};
    }

    static bool is_strands(std::uint32_t type)
    {
        char const* const name = operation_type_name(type);
        return name != nullptr && std::string_view{name}.find("strand_executor_service") != std::string_view::npos;
    }

    static std::uint64_t key_of(thread_number thread) { return static_cast<std::uint64_t>(thread); }

    [[nodiscard]] exact::thread_record const* find_record(thread_number thread) const
    {
        std::size_t const known = of_threads_.find(key_of(thread));
        if (known != number_index::none && read(records_[known]->thread) == thread) return records_[known];
        for (exact::thread_record const* each = first_record(); each != nullptr; each = each->next)
            if (read(each->thread) == thread) return each;
        return nullptr;
    }

    static bool any_runs()
    {
        for (exact::thread_record* each = first_record(); each != nullptr; each = each->next)
            if (read(each->depth) > 0 && read(each->thread) != 0) return true;
        return false;
    }

    /// The counter and steady_clock, as close to each other as three attempts come.
    static clock_pair pair_now()
    {
        clock_pair best;
        nanoseconds closest = nanoseconds::max();
        constexpr int tries = 3;
        for (int i = 0; i < tries; ++i) {
            time_point const before = clock::now();
            std::uint64_t const ticks = exact::ticks();
            time_point const after = clock::now();
            if (after - before >= closest) continue;
            closest = after - before;
            best = {ticks, before + closest / 2};
        }
        return best;
    }

    /// Whether the kernel makes its own time of the counter: then it goes on evenly, and is the same on all processors.
    static bool kernel_trusts_counter()
    {
        long const file =
            system_call(SYS_openat, AT_FDCWD,
                        reinterpret_cast<long>("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
                        O_RDONLY | O_CLOEXEC);
        if (file < 0) return false;
        char name[32];  // NOLINT(*-avoid-c-arrays)
        long const size = system_call(SYS_read, file, reinterpret_cast<long>(name), sizeof name);
        system_call(SYS_close, file);
        if (size <= 0) return false;
        std::string_view const source{name, static_cast<std::size_t>(size)};
        return source == "tsc\n" || source == "arch_sys_counter\n";
    }

    static std::atomic<doorbell*>& bell_of_handlers()
    {
        static std::atomic<doorbell*> one{nullptr};
        return one;
    }
    static void ring()
    {
        if (doorbell* const bell = bell_of_handlers().load(std::memory_order_acquire)) bell->ring();
    }

    clock_pair born_;
    tick_clock clock_;
    std::uint64_t asked_at_{0};
    number_index of_threads_;  // as of when the active ones were read
    many<exact::thread_record*> records_;
    bool begun_{false};
    bool can_sleep_{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
