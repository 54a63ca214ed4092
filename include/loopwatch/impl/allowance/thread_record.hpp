// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/many.hpp"
#include "../platform/thread.hpp"
#include "allowance_names.hpp"
#include "allowance_scopes.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What one thread is and was allowed. Never freed, as a scope may be destroyed after its thread has ended. Read by the
/// reporter; never by the watchdog, as its mutex may have to be waited for.
class thread_record {
public:
    thread_record(thread_number thread, unsigned fork_count) : thread_{thread}, fork_count_{fork_count} {}

    // --- called by its thread ---

    std::uint64_t open(std::string_view reason, nanoseconds budget)
    {
        allowance_name* const what = &name(reason);
        std::lock_guard const hold{mutex_};
        return scopes_.open(what, budget, clock::now());
    }
    std::uint64_t open_disallowed()
    {
        std::lock_guard const hold{mutex_};
        return scopes_.open(nullptr, no_budget, clock::now());
    }

    /// The thread has ended, and its scopes with it.
    void release() noexcept
    {
        std::lock_guard const hold{mutex_};
        scopes_.close_all(clock::now());
        free_since_.store(clock::now().time_since_epoch().count(), std::memory_order_release);
    }

    // --- called by any thread ---

    /// Returns whether no scope is open any more.
    bool close(std::uint64_t scope) noexcept
    {
        std::lock_guard const hold{mutex_};
        // The clock is read under the mutex, so that two threads log their times in the right order.
        scopes_.close(scope, clock::now());
        return scopes_.none_open();
    }

    /// Adds to `found` what the thread was allowed between `from` and `to`.
    void overlapping(time_point from, time_point to, many<allowed_segment>& found) const
    {
        std::lock_guard const hold{mutex_};
        scopes_.overlapping(from, to, found);
    }

    [[nodiscard]] thread_number thread() const { return thread_.load(std::memory_order_acquire); }

    /// thread_records::fork_count() when it was made.
    [[nodiscard]] unsigned fork_count() const { return fork_count_; }

    /// When its thread ended; the epoch while it lives.
    [[nodiscard]] time_point free_since() const
    {
        return time_point{time_point::duration{free_since_.load(std::memory_order_acquire)}};
    }

    /// Takes over the record of a thread that ended at `freed`. False: another thread has taken it.
    bool reuse(time_point freed, thread_number thread)
    {
        auto expected = freed.time_since_epoch().count();
        if (!free_since_.compare_exchange_strong(expected, 0, std::memory_order_acq_rel)) return false;
        std::lock_guard const hold{mutex_};
        scopes_.clear();
        thread_.store(thread, std::memory_order_release);
        return true;
    }

    thread_record* next{nullptr};

private:
    /// Caches the reasons that this thread used last, so that the list of all reasons is rarely searched.
    allowance_name& name(std::string_view text)
    {
        for (allowance_name* const known : recent_)
            if (known != nullptr && known->text == text) return *known;
        allowance_name& found = allowance_names::intern(text);
        recent_[next_recent_++ % recent_.size()] = &found;
        return found;
    }

    fixed<allowance_name*, 8> recent_{};
    std::size_t next_recent_{0};
    std::atomic<thread_number> thread_;
    unsigned fork_count_;
    std::atomic<time_point::rep> free_since_{0};
    mutable std::mutex mutex_;
    allowance_scopes scopes_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
