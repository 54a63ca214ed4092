// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/suite/known_loop.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#if LOOPWATCH_HAS_FORK()
#include <pthread.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The scopes open in the process, the innermost last, and the loops registered by make_known(). Not per thread, as a
/// test may run its loops on threads of its own.
///
/// No other lock is taken under its mutex, so a fork may take it last. Never destroyed: contexts in statics may be
/// destroyed after everything else.
class suite_registry {
public:
    using scopes = std::vector<std::shared_ptr<scope>>;

    LOOPWATCH_SHARED static suite_registry& get()
    {
        static suite_registry& one = *new suite_registry;
        return one;
    }

    [[nodiscard]] std::mutex& mutex() { return mutex_; }

    [[nodiscard]] scopes open()
    {
        std::lock_guard const hold{mutex_};
        return scopes_;
    }

    /// Opens a scope: add() returns it from now on. Returns the loops known already, which can't be removed until
    /// finish_join() is called for each.
    [[nodiscard]] std::vector<known_loop*> enter(std::shared_ptr<scope> s)
    {
        std::lock_guard const hold{mutex_};
        scopes_.push_back(std::move(s));
        for (known_loop* const each : loops_) ++each->joining;
        return loops_;
    }
    void finish_join(known_loop& one)
    {
        std::lock_guard const hold{mutex_};
        // In the child of a fork `joining` was reset to 0.
        if (one.joining > 0 && --one.joining == 0) joined_.notify_all();  // NOLINT
    }

    void leave(scope const& s)
    {
        std::lock_guard const hold{mutex_};
        remove_if(scopes_, [&](auto const& each) { return each.get() == &s; });
    }
    /// The next outer scope, or null.
    [[nodiscard]] std::shared_ptr<scope> enclosing(scope const& s)
    {
        std::lock_guard const hold{mutex_};
        auto* const at = first_of(scopes_, [&](auto const& each) { return each.get() == &s; });
        return at == nullptr || at == scopes_.data() ? nullptr : *(at - 1);
    }

    /// Registers a loop: enter() returns it from now on. Returns the scopes that are open already.
    [[nodiscard]] scopes add(known_loop& one)
    {
        std::lock_guard const hold{mutex_};
        loops_.push_back(&one);
        return scopes_;
    }
    void remove(known_loop& one)
    {
        std::unique_lock hold{mutex_};
        std::erase(loops_, &one);
        joined_.wait(hold, [&] { return one.joining == 0; });
    }

private:
    suite_registry()
    {
#if LOOPWATCH_HAS_FORK()
        ::pthread_atfork([] { get().mutex_.lock(); }, [] { get().mutex_.unlock(); },
                         [] {
                             // The threads that held loops by enter() are not in the child.
                             for (known_loop* const each : get().loops_) each->joining = 0;
                             get().mutex_.unlock();
                         });
#endif
    }

    std::mutex mutex_;
    std::condition_variable joined_;
    scopes scopes_;
    std::vector<known_loop*> loops_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
