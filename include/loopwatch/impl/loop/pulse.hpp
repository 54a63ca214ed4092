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

/// Room for the operations that one heartbeat is wrapped into on its way through the loop: one for a context, two at
/// a time for a strand. What does not fit goes to the heap, so that an unusual executor works, too.
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
    // Before the rooms and not in them: with LTO gcc 12 takes what lies behind a room for outside of Asio's operation
    // in it, and warns of the store.
    fixed<std::atomic<bool>, 3> taken_{};
    fixed<room, 3> rooms_;
};

/// What a heartbeat leaves behind, and the memory it travels in. It outlives the watch for as long as a heartbeat is
/// queued somewhere, and holds nothing of the user's.
class pulse {
public:
    /// `patience`: one that has waited longer was late. `on_strand`: the loop is one, which is to be found out about.
    explicit pulse(doorbell& bell, scheduler_identity loop = {}, nanoseconds patience = nanoseconds::max(),
                   bool on_strand = false)
        : loop_{loop}, patience_{patience}, seeks_strand_{on_strand}, list_{loop.list}, bell_{bell}
    {
    }

    heartbeat_memory memory;

    // --- the watchdog's side; one heartbeat is out at a time ---

    /// `dispatched`: where it runs at once, it may do so in the midst of another strand's handler.
    void send(bool dispatched = false) noexcept
    {
        counters_.known = false;
        dispatched_ = dispatched;
        sent_at_ = clock::now();
        out_.store(true, std::memory_order_relaxed);
    }
    void unsend() noexcept { out_.store(false, std::memory_order_relaxed); }

    /// Whether a heartbeat is still out. Once it is false, the other getters are valid.
    [[nodiscard]] bool out() const noexcept { return out_.load(std::memory_order_seq_cst); }
    [[nodiscard]] bool ran() const noexcept { return thread_.load(std::memory_order_relaxed) != 0; }
    [[nodiscard]] time_point ran_at() const noexcept
    {
        return time_point{time_point::duration{ran_at_.load(std::memory_order_relaxed)}};
    }
    [[nodiscard]] thread_number thread() const noexcept { return thread_.load(std::memory_order_relaxed); }

    /// The outermost call by which that thread runs the loop; 0 where that can't be known.
    [[nodiscard]] std::uintptr_t run_call() const noexcept { return run_call_.load(std::memory_order_relaxed); }

    /// Of that thread, at the moment when it ran; not known unless the heartbeat was late.
    [[nodiscard]] thread_counters const& counters() const noexcept { return counters_; }

    /// Ask that the next beat ring the doorbell, and that it leave the stack it came by. False: it came already.
    bool call_when_run() noexcept
    {
        call_.store(true, std::memory_order_seq_cst);
        return out();
    }
    [[nodiscard]] snapshot const& path() const noexcept { return path_; }

    /// What the threads' lists of loops have been found to say.
    enum class listing : unsigned {
        untried,  // no heartbeat has run yet
        right,    // where one ran, the loop stood in it
        wrong     // where one ran, it did not: the executor runs handlers in its own way
    };
    [[nodiscard]] listing listed() const noexcept
    {
        return static_cast<listing>(listed_.load(std::memory_order_acquire));
    }

    /// The loop, by the list in which the last heartbeat found it.
    [[nodiscard]] scheduler_identity loop() const noexcept
    {
        return {loop_.address, loop_.size, list_.load(std::memory_order_relaxed)};
    }

    /// The strand that the loop is, by the list of the strands that a thread holds; not known before a heartbeat ran.
    [[nodiscard]] scheduler_identity strand() const noexcept { return strand_; }

    // --- the loop's side ---

    void beat() noexcept
    {
        time_point const now = clock::now();
        // Rare, and nobody may come to ask: the thread may end next, or the watchdog get no CPU.
        if (now - sent_at_ >= patience_) counters_ = this_thread_counters();
        if (loop_.known() && listed() != listing::wrong) check_list();
        note_run(now, this_thread_number());
    }

    /// The heartbeat was destroyed without being run.
    void lost() noexcept { settle(0); }

    // What beat() notes; in unit tests, numbers.

    /// What the thread's list said, and the outermost call in it that runs the loop.
    void note_list(listing is, std::uintptr_t call) noexcept
    {
        run_call_.store(call, std::memory_order_relaxed);
        listed_.store(static_cast<unsigned>(is), std::memory_order_release);
    }
    /// The last that is noted.
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

    /// A handler that was posted to a strand is called by that, with no other in between. One that has come by another
    /// strand than the last, or by none, is of an executor that has its own ways.
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
        // Rare, only after a block or a pause of the loop: an ordinary beat does nothing but the three stores.
        bool const called = call_.exchange(false, std::memory_order_seq_cst);
        if (called && thread != 0) capture_own_stack(path_);
        out_.store(false, std::memory_order_seq_cst);
        if (called || call_.load(std::memory_order_seq_cst)) bell_.ring();
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
    nanoseconds const patience_;
    bool seeks_strand_;  // the loop's to write while it is out, as what follows
    scheduler_identity strand_{};
    bool dispatched_{false};    // the watchdog's, before it was posted
    time_point sent_at_{};      // before it was posted
    thread_counters counters_;  // the loop's to write while it is out
    std::atomic<std::ptrdiff_t> list_;
    std::atomic<unsigned> listed_{static_cast<unsigned>(listing::untried)};  // one
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
