// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../../detail/shared.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../platform/polite_mutex.hpp"
#include "../platform/thread.hpp"
#include "courier.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// All couriers of the process: as many as there were loops that need one, watched at the same time. Never destroyed.
class couriers {
public:
    /// How long to wait for a call that sleeps, which may never return. Shorter on the loop's own thread: the call may
    /// be waiting for that thread.
    static constexpr nanoseconds patience = std::chrono::milliseconds{1000};
    static constexpr nanoseconds patience_in_loop = std::chrono::milliseconds{100};

    couriers(polite_mutex& mutex, std::condition_variable_any& changed) : mutex_{mutex}, changed_{changed} {}

    /// Returns a courier that serves this loop, a free one or a new one. Not under the mutex.
    /// Throws: std::system_error if a new thread is needed and can't be started.
    [[nodiscard]] courier& engage(shared<loop> target, pulse_ref beats, void const* context)
    {
        std::unique_lock hold{mutex_};
        auto* const found = first_of(all_, [](auto const& c) { return c->free(); });
        if (found != nullptr) {
            (*found)->serve(std::move(target), std::move(beats), context);
            return **found;
        }
        hold.unlock();
        auto fresh = make_owned<courier>(mutex_, changed_);
        courier& c = *fresh;
        c.serve(std::move(target), std::move(beats), context);
        hold.lock();
        all_.push_back(std::move(fresh));
        hold.unlock();
        try {
            background_thread{"loopwatch-post", [&c] { c.run(); }}.detach();
        } catch (...) {
            hold.lock();
            remove_if(all_, [&](auto const& each) { return each.get() == &c; });
            throw;
        }
        return c;
    }

    // --- under the mutex ---

    /// The context is being destroyed: ends all service for it. Waits for calls into this context only.
    void context_gone(void const* context, std::unique_lock<polite_mutex>& hold)
    {
        auto const in_it = [&](auto const& c) { return c->serves(context); };
        while (auto* const c = first_of(all_, in_it)) {
            (*c)->leave();
            (*c)->finish(hold, patience);
        }
    }

    /// Before a fork, for patience_in_loop at most: a lock that an executor holds at the fork is held in the child for
    /// ever.
    void wait_for_calls(std::unique_lock<polite_mutex>& hold)
    {
        changed_.wait_for(hold, patience_in_loop,
                          [&] { return !any_of(all_, [](auto const& c) { return c->busy(); }); });
    }

    [[nodiscard]] bool contain(thread_number thread) const
    {
        return any_of(all_, [&](auto const& c) { return c->number() == thread; });
    }

private:
    polite_mutex& mutex_;
    std::condition_variable_any& changed_;
    many<owned<courier>> all_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
