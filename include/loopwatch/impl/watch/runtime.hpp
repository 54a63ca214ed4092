// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/keep_loaded.hpp"
#include "../../detail/owned.hpp"
#include "../base/atomic_pointer.hpp"
#include "../base/bookkeeping_mutex.hpp"
#include "../capture/capture.hpp"
#include "../exact/exact.hpp"
#include "../platform/awaited.hpp"
#include "../platform/thread.hpp"
#include "../report/block_archive.hpp"
#include "../report/reporter.hpp"
#include "watchdog.hpp"

#include <atomic>
#include <memory>
#include <mutex>

#if LOOPWATCH_HAS_FORK()
#include <pthread.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The process's watchdog and reporter. Started by the first guard, and never destroyed: threads that may be inside
/// it end only with the process, and guards in statics may end after everything else.
///
/// fork: the child has none of these threads, and none will ever answer. So its mutexes are held across the fork
/// (their data is whole in the child), and the child forgets this runtime: its guards do nothing, and the first new
/// guard starts another.
class runtime {
public:
    /// Throws: std::system_error if a thread can't be started; std::bad_alloc.
    static runtime& get()
    {
        if (runtime* const r = current().load(std::memory_order_acquire)) return *r;
        keep_loaded(reinterpret_cast<void const*>(&runtime::get));  // the code that the threads will run
        std::lock_guard const hold{starting()};
        if (runtime* const r = current().load(std::memory_order_acquire)) return *r;
        owned<runtime> fresh{new runtime};
        fresh->start();
        runtime* const r = fresh.release();
        current().store(r, std::memory_order_release);
        return *r;
    }

    /// False in the child of a fork, for a guard of the parent.
    static bool is_current(runtime const* r) { return r != nullptr && current().load(std::memory_order_acquire) == r; }

    [[nodiscard]] detail::watchdog& watchdog() { return watchdog_; }
    [[nodiscard]] detail::reporter& reporter() { return reporter_; }

    /// Whether no block is left that is seen and not reported. Does not wait. Also true in the child of a fork.
    static bool has_reported_all()
    {
        runtime* const r = current().load(std::memory_order_acquire);
        return r == nullptr || r->reporter_.has_reported_all();
    }

    void wait_until_ready() { static_cast<void>(ready_.wait()); }

    // --- heard from the services in the contexts; on the thread that destroys the context ---

    static void context_shut_down(void const* context)
    {
        shutting_down() = context;
        if (runtime* const r = current().load(std::memory_order_acquire)) r->watchdog_.detach(context);
    }
    static void context_destroyed(void const* context)
    {
        if (shutting_down() == context) shutting_down() = nullptr;
    }

    /// Whether this thread is inside the destructor of a watched context, from where nothing may be thrown.
    [[nodiscard]] static bool is_shutting_down_here() { return shutting_down() != nullptr; }

private:
    enum class threads : unsigned char { both, none };

    friend owned<runtime>;
    runtime() : watchdog_{reporter_} {}
    ~runtime() = default;

    void start()
    {
        reserve_capture();
        static bool const at_fork = [] {
#if LOOPWATCH_HAS_FORK()
            ::pthread_atfork(&before_fork, &after_fork_in_parent, &after_fork_in_child);
#endif
            return true;
        }();
        static_cast<void>(at_fork);
        // Both or none: the first one waits until there is the second.
        // NOLINTNEXTLINE(misc-const-correctness): elsewhere it is a std::thread, which is changed by what follows
        background_thread first{"loopwatch-rep", [this] {
                                    if (started_.wait() == threads::both) reporter_.run();
                                }};
        try {
            background_thread{"loopwatch",
                              [this] {
                                  watchdog_.prepare();
                                  ready_.set(true);
                                  watchdog_.run();
                              }}
                .detach();
        } catch (...) {
            started_.set(threads::none);
            first.join();
            throw;
        }
        started_.set(threads::both);
        first.detach();
    }

    static void before_fork()
    {
        starting().lock();
        if (runtime* const r = current().load(std::memory_order_acquire)) {
            r->wait_until_ready();  // while it prepares, the watchdog holds locks of others: the loader's, the signal's
            r->reporter_.naming().lock();
            r->watchdog_.lock_for_fork();
            r->reporter_.mutex().lock();
        }
        bookkeeping_mutex().lock();
        block_archive::mutex().lock();
        lock_captures();
    }
    static void release_after_fork()
    {
        unlock_captures();
        block_archive::mutex().unlock();
        bookkeeping_mutex().unlock();
        if (runtime* const r = current().load(std::memory_order_acquire)) {
            r->reporter_.mutex().unlock();
            r->watchdog_.mutex().unlock();
            r->reporter_.naming().unlock();
        }
    }
    static void after_fork_in_parent()
    {
        release_after_fork();
        starting().unlock();
    }
    static void after_fork_in_child()
    {
        release_after_fork();
        current().store(nullptr, std::memory_order_release);
        forget_captures();
        handler_reader::forget_watchdog();
        starting().unlock();
    }

    LOOPWATCH_SHARED static atomic_pointer<runtime>& current()
    {
        static atomic_pointer<runtime> one{};
        return one;
    }
    LOOPWATCH_SHARED static std::mutex& starting()
    {
        static std::mutex one;
        return one;
    }
    static void const*& shutting_down()
    {
        static thread_local void const* context = nullptr;
        return context;
    }

    detail::reporter reporter_;
    detail::watchdog watchdog_;
    awaited<bool> ready_;
    awaited<threads> started_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
