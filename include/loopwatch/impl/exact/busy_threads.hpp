// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../evidence/reading.hpp"
#include "../platform/thread.hpp"

#include <algorithm>
#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Readings of the counters of each thread that runs handlers: the last two, and the last one before each of the last
/// two handlers that it was seen in: one that has ended is judged when the next may run already. A handler begins
/// between two looks of the watchdog. How long it waited for a CPU between its beginning and the second one is not
/// known, but it was no longer than what the thread waited since the first. Pure.
class busy_threads {
public:
    /// `began`: when the outermost handler did that the thread is in. Throws: std::bad_alloc.
    void note(thread_number thread, thread_counters const& now, time_point began)
    {
        entry& known = entry_of(thread);
        if (known.last.at <= began) {
            known.before_other = known.before_handler;
            known.before_handler = known.last;
        }
        known.add(now);
    }
    /// It is in none, or begins one just now. Throws: std::bad_alloc.
    void note_between_handlers(thread_number thread, thread_counters const& now) { entry_of(thread).add(now); }

    /// See watch_host::waited_since().
    [[nodiscard]] maybe<nanoseconds> since(thread_number thread, time_point since, thread_counters const& to) const
    {
        entry const* const known = first_with(all_, &entry::thread, thread);
        if (!to.known || !to.run_delay_counted) return nothing;
        if (known == nullptr) return to.run_delay;
        for (thread_counters const* const from :
             {&known->last, &known->before, &known->before_handler, &known->before_other})
            if (from->known && from->run_delay_counted && from->at <= since) return to.run_delay - from->run_delay;
        return to.run_delay;  // it has never waited longer
    }

private:
    static constexpr std::size_t most = 1024;

    struct entry {
        thread_number thread{0};
        thread_counters last;
        thread_counters before;
        thread_counters before_handler;
        thread_counters before_other;

        void add(thread_counters const& now)
        {
            before = last;
            last = now;
        }
    };

    [[nodiscard]] entry& entry_of(thread_number thread)
    {
        if (entry* const known = first_with(all_, &entry::thread, thread)) return *known;
        entry* added = nullptr;
        // Threads come and go: those that were not busy for the longest time make room.
        if (all_.size() == most) {
            added = std::min_element(all_.begin(), all_.end(),
                                     [](entry const& a, entry const& b) { return a.last.at < b.last.at; });
            *added = {};
        } else {
            added = &all_.push_back({});
        }
        added->thread = thread;
        return *added;
    }

    many<entry> all_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
