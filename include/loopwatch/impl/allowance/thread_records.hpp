// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/grow_only_list.hpp"
#include "../base/many.hpp"
#include "../platform/thread.hpp"
#include "allowed_log.hpp"
#include "thread_record.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#if LOOPWATCH_HAS_FORK()
#include <pthread.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The records of all threads that have allowances, or had them.
///
/// fork: in the child all records are those of other threads, the forking one's too, for its number is another. A
/// mutex of theirs may be locked for ever. So the child counts its forks, and touches no record of an earlier life.
class thread_records {
public:
    static constexpr std::size_t kept = 32;  // of threads that have ended, until they are used again

    /// Null: it has none, and shall not be given one. Throws std::bad_alloc.
    static thread_record* of_this_thread(bool make)
    {
        own_record& own = this_threads();
        if (own.record != nullptr && own.record->life() == life()) return own.record;
        own.record = nullptr;
        if (!make) return nullptr;
        if (!own.ending) hear_of_the_end();
        own.record = claim(this_thread_number());
        return own.record;
    }

    /// A scope has ended, on whatever thread. Not one of the parent's.
    static void close(thread_record& record, unsigned life_then, std::uint64_t scope) noexcept
    {
        if (life_then != life()) return;
        bool const last = record.close(scope);
        own_record& own = this_threads();
        // Nothing will tell any more that this thread ends.
        if (last && own.ending && own.record == &record) let_go(own);
    }

    static unsigned life() { return forks().load(std::memory_order_relaxed); }

    /// What this thread was allowed of a time.
    static many<allowed_segment> allowed(thread_number thread, time_point from, time_point to)
    {
        many<allowed_segment> found;
        for (auto const* r = all().first(); r != nullptr; r = r->next)
            if (r->life() == life() && r->thread() == thread) r->overlapping(from, to, found);
        return found;
    }

    /// What each thread was allowed of it that was allowed any.
    static many<many<allowed_segment>> allowed_to_each(time_point from, time_point to)
    {
        many<many<allowed_segment>> of_each;
        for (auto const* r = all().first(); r != nullptr; r = r->next) {
            if (r->life() != life()) continue;
            many<allowed_segment> found;
            r->overlapping(from, to, found);
            if (!found.empty()) of_each.push_back(std::move(found));
        }
        return of_each;
    }

private:
    // Without a destructor, so that the destructors of a thread's other objects find it.
    struct own_record {
        thread_record* record;
        bool ending;
    };
    struct end_of_thread {
        end_of_thread() = default;
        end_of_thread(end_of_thread const&) = delete;
        end_of_thread& operator=(end_of_thread const&) = delete;
        ~end_of_thread()
        {
            this_threads().ending = true;
            let_go(this_threads());
        }
    };

    static void let_go(own_record& own) noexcept
    {
        if (own.record != nullptr && own.record->life() == life()) own.record->release();
        own.record = nullptr;
    }

    /// The record of the thread that ended first, if there are many, else another.
    static thread_record* claim(thread_number thread)
    {
        listen_for_forks();
        std::size_t free = 0;
        thread_record* oldest = nullptr;
        time_point oldest_since{};
        for (auto* r = all().first(); r != nullptr; r = r->next) {
            time_point const since = r->free_since();
            if (since == time_point{} || r->life() != life()) continue;
            ++free;
            if (oldest != nullptr && since >= oldest_since) continue;
            oldest = r;
            oldest_since = since;
        }
        if (free >= kept && oldest->reuse(oldest_since, thread)) return oldest;
        auto* const fresh = new thread_record{thread, life()};
        all().add(*fresh);
        return fresh;
    }

    static void listen_for_forks()
    {
#if LOOPWATCH_HAS_FORK()
        listen_once();
#endif
    }
#if LOOPWATCH_HAS_FORK()
    LOOPWATCH_SHARED static void listen_once()
    {
        static int const listens =
            ::pthread_atfork(nullptr, nullptr, [] { forks().fetch_add(1, std::memory_order_relaxed); });
        static_cast<void>(listens);
    }
#endif

    LOOPWATCH_SHARED static grow_only_list<thread_record>& all()
    {
        static grow_only_list<thread_record> one;
        return one;
    }
    LOOPWATCH_SHARED static std::atomic<unsigned>& forks()
    {
        static std::atomic<unsigned> count{0};
        return count;
    }
    LOOPWATCH_SHARED static own_record& this_threads()
    {
        static thread_local constinit own_record one{nullptr, false};
        return one;
    }
    LOOPWATCH_SHARED static void hear_of_the_end()
    {
        static thread_local end_of_thread const one;
        static_cast<void>(one);
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
