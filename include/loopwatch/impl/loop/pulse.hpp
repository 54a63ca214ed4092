// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/heartbeat.hpp"
#include "../../detail/run_list/scheduler_identity.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../capture/capture.hpp"
#include "../evidence/evidence.hpp"
#include "../evidence/reading.hpp"
#include "../platform/doorbell.hpp"
#include "../platform/thread.hpp"
#include "../run_list/run_lists.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Memory for the operations that Asio wraps a heartbeat into: one for a context, two at a time for a strand. What does
/// not fit is allocated on the heap, so that unusual executors work, too.
class heartbeat_memory {
public:
    void* allocate(std::size_t size)
    {
        if (size <= sizeof(room))
            for (std::size_t i = 0; i < taken_.size(); ++i)
                if (!taken_[i].exchange(true, std::memory_order_acquire)) return rooms_[i].bytes;
        return ::operator new(size);
    }

    void deallocate(void* memory) noexcept
    {
        for (std::size_t i = 0; i < taken_.size(); ++i)
            if (memory == rooms_[i].bytes) return taken_[i].store(false, std::memory_order_release);
        ::operator delete(memory);
    }

private:
    struct room {
        alignas(std::max_align_t) std::byte bytes[256];
    };
    // Not inside `room`: with LTO gcc 12 takes a flag behind the bytes for a store outside of Asio's operation, and
    // warns.
    fixed<std::atomic<bool>, 3> taken_{};
    fixed<room, 3> rooms_;
};

/// The record that a heartbeat writes when it runs, and the memory of its operations. Shared by the watch and the
/// queued heartbeat, so it outlives the watch while a heartbeat is queued. Holds nothing of the user's.
class pulse : public doorbell::caller {
public:
    /// `patience`: a heartbeat that waited longer is late. `on_strand`: the loop is a strand, whose identity is to be
    /// found.
    explicit pulse(doorbell& bell, scheduler_identity loop = {}, nanoseconds patience = nanoseconds::max(),
                   bool on_strand = false)
        : loop_{loop}, patience_{patience.count()}, seeks_strand_{on_strand}, list_{loop.list}, bell_{bell}
    {
    }

    heartbeat_memory memory;

    // --- called by the watchdog; at most one heartbeat is out ---

    /// `dispatched`: the heartbeat may run at once, inside a handler of another strand.
    void send(bool dispatched = false) noexcept
    {
        counters_.known = false;
        dispatched_ = dispatched;
        sent_at_ = clock::now();
        out_.store(true, std::memory_order_relaxed);
    }
    /// Also while a heartbeat is out.
    void change_patience(nanoseconds to) noexcept { patience_.store(to.count(), std::memory_order_relaxed); }
    void unsend() noexcept { out_.store(false, std::memory_order_relaxed); }

    /// Whether a heartbeat has been sent and has not yet run or been lost. The other getters are valid when it is
    /// false.
    [[nodiscard]] bool out() const noexcept { return out_.load(std::memory_order_seq_cst); }
    [[nodiscard]] bool ran() const noexcept { return thread_.load(std::memory_order_relaxed) != 0; }
    [[nodiscard]] time_point ran_at() const noexcept
    {
        return time_point{time_point::duration{ran_at_.load(std::memory_order_relaxed)}};
    }
    [[nodiscard]] thread_number thread() const noexcept { return thread_.load(std::memory_order_relaxed); }

    /// The outermost call of run() or the like by which that thread runs the loop; 0 if unknown.
    [[nodiscard]] std::uintptr_t run_call() const noexcept { return run_call_.load(std::memory_order_relaxed); }

    /// Counters of that thread at ran_at(); known only if the heartbeat was late.
    [[nodiscard]] thread_counters const& counters() const noexcept { return counters_; }

    [[nodiscard]] doorbell& bell() const noexcept { return bell_; }

    /// Asks the heartbeat to ring the doorbell and to capture its own stack into path() when it runs. False: it ran
    /// already.
    bool call_when_run() noexcept
    {
        call_.store(true, std::memory_order_seq_cst);
        return out();
    }
    [[nodiscard]] snapshot const& path() const noexcept { return path_; }

    /// Whether the list of loops that Asio keeps on each thread can be relied on for this loop.
    enum class listing : unsigned {
        untried,  // no heartbeat has run yet
        right,    // the loop was in the list of the thread that ran a heartbeat
        wrong     // it was not: the executor runs handlers in its own way
    };
    [[nodiscard]] listing listed() const noexcept
    {
        return static_cast<listing>(listed_.load(std::memory_order_acquire));
    }

    /// The loop's identity, with the list in which the last heartbeat found it.
    [[nodiscard]] scheduler_identity loop() const noexcept
    {
        return {loop_.address, loop_.size, list_.load(std::memory_order_relaxed)};
    }

    /// The identity of the loop if it is a strand, from the thread's list of strands; unknown before a heartbeat ran.
    [[nodiscard]] scheduler_identity strand() const noexcept { return strand_; }

    // --- called on the loop, or by a courier ---

    /// Has the watchdog look at this watch. The list of those who rang holds the pulse, until the watchdog has
    /// heard it.
    void call_watchdog() noexcept
    {
        refs_.fetch_add(1, std::memory_order_relaxed);
        if (!bell_.announce(*this)) refs_.fetch_sub(1, std::memory_order_relaxed);  // never the last
        bell_.ring();
    }

    // --- called on the loop ---

    void beat() noexcept
    {
        time_point const now = clock::now();
        // Rare. Read here, as later may be too late: the thread may end next, or the watchdog get no CPU.
        if (now - sent_at_ >= nanoseconds{patience_.load(std::memory_order_relaxed)})
            counters_ = this_thread_counters();
        if (loop_.known() && listed() != listing::wrong) check_list();
        note_run(now, this_thread_number());
    }

    /// The heartbeat was destroyed without being run.
    void lost() noexcept { settle(0); }

    // The two steps of beat(); unit tests call them directly.

    /// Whether the thread's list held the loop, and the outermost call in it that runs the loop.
    void note_list(listing is, std::uintptr_t call) noexcept
    {
        run_call_.store(call, std::memory_order_relaxed);
        listed_.store(static_cast<unsigned>(is), std::memory_order_release);
    }
    /// Called last: the heartbeat is not out any more afterwards.
    void note_run(time_point ran_at, thread_number thread) noexcept
    {
        ran_at_.store(ran_at.time_since_epoch().count(), std::memory_order_relaxed);
        settle(thread);
    }

private:
    void check_list() noexcept
    {
        auto is = listing::right;
        auto call = call_here(loop());
        if (call == 0) {
            if (auto const other = list_with(loop_)) {
                list_.store(*other, std::memory_order_relaxed);
                call = call_here(loop());
            } else {
                is = listing::wrong;
            }
        }
        note_list(is, call);
        if (seeks_strand_ && is == listing::right) check_strand();
    }

    /// A strand calls a handler posted to it directly, with no other strand in between. If heartbeats came through
    /// different strands, or through none, the executor runs handlers in its own way, and the strand stays unknown.
    void check_strand() noexcept
    {
        if (strand_.known() && is_in(strand_, run_call())) return;
        bool const first = !strand_.known();
        strand_ = first ? strand_here(loop(), dispatched_) : scheduler_identity{};
        seeks_strand_ = strand_.known() || dispatched_;
    }

    void settle(thread_number thread) noexcept
    {
        thread_.store(thread, std::memory_order_relaxed);
        // Set only after a block or a pause of the loop: an ordinary beat does nothing but the stores.
        bool const called = call_.exchange(false, std::memory_order_seq_cst);
        if (called && thread != 0) capture_own_stack(path_);
        out_.store(false, std::memory_order_seq_cst);
        if (called || call_.load(std::memory_order_seq_cst)) call_watchdog();
    }

    friend void retain(pulse& p) noexcept;
    friend void release(pulse& p) noexcept;

    std::atomic<unsigned> refs_{1};
    std::atomic<bool> out_{false};
    std::atomic<bool> call_{false};
    std::atomic<thread_number> thread_{0};
    std::atomic<time_point::rep> ran_at_{0};
    std::atomic<std::uintptr_t> run_call_{0};
    scheduler_identity const loop_;
    std::atomic<nanoseconds::rep> patience_;
    bool seeks_strand_;  // written by the loop while a heartbeat is out, as is strand_
    scheduler_identity strand_{};
    bool dispatched_{false};    // written by the watchdog before it posts
    time_point sent_at_{};      // likewise
    thread_counters counters_;  // written by the loop while a heartbeat is out
    std::atomic<std::ptrdiff_t> list_;
    std::atomic<unsigned> listed_{static_cast<unsigned>(listing::untried)};  // a listing
    snapshot path_;
    doorbell& bell_;
};

[[nodiscard]] inline pulse_ref make_pulse(doorbell& bell, scheduler_identity loop = {},
                                          nanoseconds patience = nanoseconds::max(), bool on_strand = false)
{
    return pulse_ref{new pulse{bell, loop, patience, on_strand}};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
