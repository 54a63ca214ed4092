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
/// After a fork all records belong to threads of the parent, the forking one's included, as its number is another one
/// in the child. Their mutexes may be locked for ever. So forks are counted, and records made before the last are not
/// touched.
class thread_records {
public:
    static constexpr std::size_t kept = 32;  // records of ended threads before they are reused

    /// This thread's record. Null if it has none and `make` is false. Throws: std::bad_alloc.
    static thread_record* of_this_thread(bool make)
    {
        own_record& own = this_threads();
        if (own.record != nullptr && own.record->fork_count() == fork_count()) return own.record;
        own.record = nullptr;
        if (!make) return nullptr;
        if (!own.ending) register_thread_end();
        own.record = claim(this_thread_number());
        return own.record;
    }

    /// Closes a scope, on any thread. Does nothing if the scope is from before a fork.
    static void close(thread_record& record, unsigned forks_then, std::uint64_t scope) noexcept
    {
        if (forks_then != fork_count()) return;
        bool const last = record.close(scope);
        own_record& own = this_threads();
        // This thread's end_of_thread is already destroyed, so the record is released here.
        if (!last || !own.ending || own.record != &record) return;
        own.record = nullptr;
        record.release();
    }

    static unsigned fork_count() { return forks().load(std::memory_order_relaxed); }

    /// What a thread was allowed between `from` and `to`.
    static many<allowed_segment> allowed(thread_number thread, time_point from, time_point to)
    {
        many<allowed_segment> found;
        for (auto const* r = all().first(); r != nullptr; r = r->next)
            if (r->fork_count() == fork_count() && r->thread() == thread) r->overlapping(from, to, found);
        return found;
    }

    /// The same for each thread of the process that was allowed anything.
    static many<many<allowed_segment>> allowed_to_each(time_point from, time_point to)
    {
        many<many<allowed_segment>> of_each;
        for (auto const* r = all().first(); r != nullptr; r = r->next) {
            if (r->fork_count() != fork_count()) continue;
            many<allowed_segment> found;
            r->overlapping(from, to, found);
            if (!found.empty()) of_each.push_back(std::move(found));
        }
        return of_each;
    }

private:
    // Trivially destructible, so that it can be used by destructors of other thread-local objects.
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
            this_threads() = {nullptr, true};
            release_records_of(this_thread_number());
        }
    };

    // Found by the thread's number: MinGW frees a thread's own_record before it destroys its end_of_thread.
    static void release_records_of(thread_number thread) noexcept
    {
        for (auto* r = all().first(); r != nullptr; r = r->next)
            if (r->thread() == thread && r->free_since() == time_point{} && r->fork_count() == fork_count())
                r->release();
    }

    /// A record for a new thread: if `kept` are free, the one freed first, else a new one.
    static thread_record* claim(thread_number thread)
    {
        count_forks();
        std::size_t free = 0;
        thread_record* oldest = nullptr;
        time_point oldest_since{};
        for (auto* r = all().first(); r != nullptr; r = r->next) {
            time_point const since = r->free_since();
            if (since == time_point{} || r->fork_count() != fork_count()) continue;
            ++free;
            if (oldest != nullptr && since >= oldest_since) continue;
            oldest = r;
            oldest_since = since;
        }
        if (free >= kept && oldest->reuse(oldest_since, thread)) return oldest;
        auto* const fresh = new thread_record{thread, fork_count()};
        all().add(*fresh);
        return fresh;
    }

    static void count_forks()
    {
#if LOOPWATCH_HAS_FORK()
        register_fork_handler();
#endif
    }
#if LOOPWATCH_HAS_FORK()
    LOOPWATCH_SHARED static void register_fork_handler()
    {
        static int const registered =
            ::pthread_atfork(nullptr, nullptr, [] { forks().fetch_add(1, std::memory_order_relaxed); });
        static_cast<void>(registered);
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
    LOOPWATCH_SHARED static void register_thread_end()
    {
        static thread_local end_of_thread const one;
        static_cast<void>(one);
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
