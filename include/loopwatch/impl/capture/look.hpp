// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "../evidence/reading.hpp"
#include "../platform/stack_bounds.hpp"
#include "capture.hpp"
#include "snapshot.hpp"
#include "thread_access.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The threads that were seen to run a loop, the latest first. A strand, or a context with several threads, moves from
/// one thread to another: only their stacks show which one runs it. Until one was seen, it is the thread that made the
/// guard, which may be about to call run().
class loop_threads {
public:
    static constexpr std::size_t max = 8;

    void presume(loop_thread maker)
    {
        threads_[0] = maker;
        size_ = 1;
        seen_ = false;
    }
    /// Unknown bounds of its stack don't replace known ones.
    void add(thread_number thread, stack_bounds stack = {})
    {
        std::size_t at = 0;
        while (at < size_ && threads_[at].number != thread) ++at;
        if (at < size_ && !stack.known()) stack = threads_[at].stack;
        if (!seen_) at = size_ = 0;
        seen_ = true;
        if (at == size_) at = size_ < max ? size_++ : max - 1;
        for (; at > 0; --at) threads_[at] = threads_[at - 1];
        threads_[0] = {.number = thread, .stack = stack};
    }
    void clear() { size_ = 0; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] bool seen() const { return seen_; }
    [[nodiscard]] bool contain(thread_number thread) const
    {
        return first_with(all(), &loop_thread::number, thread) != nullptr;
    }
    [[nodiscard]] view<loop_thread const> all() const { return {threads_.data(), size_}; }

private:
    fixed<loop_thread, max> threads_{};
    std::size_t size_{0};
    bool seen_{false};
};

/// What one look found about one thread.
struct seen_thread {
    thread_reading reading;
    snapshot stack;
};

/// What one look found: about the loop's threads, and about others of the process, which may run anything. Does not
/// allocate: a captured thread may hold the allocator's lock.
class sighting {
public:
    static constexpr std::size_t max = loop_threads::max;

    [[nodiscard]] view<seen_thread const> of_loop() const { return {slots_.data(), of_loop_}; }
    [[nodiscard]] view<seen_thread const> others() const { return {slots_.data() + of_loop_, others_}; }
    [[nodiscard]] view<seen_thread const> all() const { return {slots_.data(), of_loop_ + others_}; }
    [[nodiscard]] bool empty() const { return all().empty(); }
    [[nodiscard]] bool full() const { return all().size() == max; }
    [[nodiscard]] seen_thread& operator[](std::size_t slot) { return slots_[slot]; }

    /// Add a thread and return its slot. Not if it is full. Threads of the loop must be added before others.
    std::size_t add_of_loop() { return of_loop_++; }
    std::size_t add_other() { return of_loop_ + others_++; }

    void clear()
    {
        of_loop_ = others_ = 0;
        has_holder = false;
    }

    seen_thread holder;  // the thread that holds the mutex that one of the loop's threads waits for
    bool has_holder{false};

private:
    // Shared by both, because an element has 6 KB.
    fixed<seen_thread, max> slots_;
    std::size_t of_loop_{0};
    std::size_t others_{0};
};

/// Drops a stack that was taken when the thread already did something else.
inline void discard(snapshot& stack)
{
    stack.size = 0;
    stack.missing = capture_error::recovered;
    stack.where = standing::unknown;
}

/// Drops what was taken at the end of the block or later.
inline void discard_later(view<seen_thread> threads, time_point end)
{
    for (seen_thread& t : threads) {
        if (t.stack.awaiters_read_at >= end) t.stack.awaiters_size = 0;
        t.reading.discard_later(end);
        if (t.stack.size > 0 && t.stack.taken_at >= end) discard(t.stack);
    }
}

/// The captures of all threads of a loop at once, while in progress and when done.
class look {
public:
    [[nodiscard]] bool under_way() const { return open_ > 0; }
    [[nodiscard]] bool taken() const { return !found_.empty() && open_ == 0; }
    [[nodiscard]] sighting const& found() const { return found_; }

    void begin(view<loop_thread const> of_loop, thread_access& threads)
    {
        found_.clear();
        open_ = 0;
        for (loop_thread const& thread : of_loop) capture(thread, found_.add_of_loop(), threads);
        for (seen_thread const& t : found_.all()) {
            thread_number const owner = t.reading.call.mutex_owner;
            if (owner == 0 || first_with(of_loop, &loop_thread::number, owner) != nullptr) continue;
            found_.has_holder = true;
            capture({owner}, holder, threads);
            break;
        }
        begun_at_ = threads.now();
    }

    /// Captures other threads as well, of which it is not known what they run.
    void add(view<loop_thread const> others, thread_access& threads)
    {
        for (loop_thread const& thread : others)
            if (!found_.full()) capture(thread, found_.add_other(), threads);
    }

    /// When to poll for answers. A thread that has a CPU answers within microseconds; for how long another one waits
    /// for a CPU is not known, so the next interval is as long as the wait so far.
    [[nodiscard]] time_point next_poll(time_point now) const
    {
        if (!under_way()) return time_point::max();
        constexpr nanoseconds shortest = std::chrono::microseconds{50};
        constexpr nanoseconds longest = std::chrono::milliseconds{5};
        return now + std::clamp(now - begun_at_, shortest, longest);
    }

    /// Collects the answers that have come.
    void poll(thread_access& threads)
    {
        for (std::size_t i = 0; i < slots && open_ > 0; ++i)
            if (waits_[i] && threads.poll_capture(requests_[i], seen(i).stack)) answered(i);
    }

    /// Ends all captures: afterwards no handler writes for them.
    void stop(thread_access& threads)
    {
        for (std::size_t i = 0; i < slots && open_ > 0; ++i)
            if (waits_[i]) {
                threads.revoke_capture(requests_[i], seen(i).stack);
                answered(i);
            }
    }

    void clear(thread_access& threads)
    {
        stop(threads);
        found_.clear();
    }

private:
    static constexpr std::size_t holder = sighting::max;  // the request after those of the loop's threads
    static constexpr std::size_t slots = holder + 1;

    [[nodiscard]] seen_thread& seen(std::size_t i) { return i == holder ? found_.holder : found_[i]; }

    void capture(loop_thread const& thread, std::size_t i, thread_access& threads)
    {
        // The stack first, because it is the most urgent; the rest is read while the signal is on its way.
        waits_[i] = !threads.request_capture(thread, requests_[i], seen(i).stack);
        if (waits_[i])
            ++open_;
        else
            check_strand(seen(i).stack);
        threads.read(thread.number, seen(i).reading);
    }
    void answered(std::size_t i)
    {
        waits_[i] = false;
        --open_;
        // Without /proc only the answer shows that it runs.
        seen_thread& t = seen(i);
        check_strand(t.stack);
        if (t.reading.state == 0 && t.stack.size > 0 && t.stack.first_is_exact) t.reading.state = 'R';
    }

    /// A thread that has left the strand does not block it: its stack is dropped.
    static void check_strand(snapshot& stack)
    {
        if (!stack.let_go) return;
        stack.awaiters_size = 0;
        discard(stack);
    }

    sighting found_;
    fixed<capture_request, slots> requests_{};
    fixed<bool, slots> waits_{};
    std::size_t open_{0};
    time_point begun_at_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
