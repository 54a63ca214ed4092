// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../clock.hpp"
#include "../config.hpp"
#include "../stack_bounds.hpp"
#include "capture.hpp"
#include "snapshot.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The threads that were seen to run a loop, the latest first. A strand, or a context with several threads, moves
/// from one to another: which of them holds it can only be told from their stacks. Until the first was seen it is the
/// one that made the guard: it may be about to call run().
class loop_threads {
public:
    static constexpr std::size_t max = 8;

    void presume(loop_thread maker)
    {
        threads_[0] = maker;
        size_ = 1;
        seen_ = false;
    }
    /// Without the bounds of its stack, those hold on that were known.
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
        return std::ranges::find(all(), thread, &loop_thread::number) != all().end();
    }
    [[nodiscard]] std::span<loop_thread const> all() const { return {threads_.data(), size_}; }

private:
    std::array<loop_thread, max> threads_{};
    std::size_t size_{0};
    bool seen_{false};
};

/// What one look at a loop's threads found.
struct sighting {
    std::array<snapshot, loop_threads::max> snapshots;
    std::size_t size{0};

    [[nodiscard]] std::span<snapshot const> all() const { return {snapshots.data(), size}; }

    /// What was taken at `end` or later is the stack of something else.
    void discard_later(time_point end)
    {
        for (snapshot& s : std::span{snapshots.data(), size}) {
            if (s.awaiters_read_at >= end) s.awaiters_size = 0;
            if (s.size > 0 && s.taken_at >= end) {
                s.size = 0;
                s.missing = gap::recovered;
            }
        }
    }
};

/// A look under way: the captures of all of a loop's threads at once.
class look {
public:
    [[nodiscard]] bool under_way() const { return open_ > 0; }
    [[nodiscard]] bool taken() const { return found_.size > 0 && open_ == 0; }
    [[nodiscard]] sighting const& found() const { return found_; }

    void begin(std::span<loop_thread const> threads)
    {
        found_.size = 0;
        open_ = 0;
        for (loop_thread const thread : threads) {
            std::size_t const i = found_.size++;
            answered_[i] = request_capture(thread, requests_[i], found_.snapshots[i]);
            if (!answered_[i]) ++open_;
        }
        begun_ = clock::now();
    }

    /// When to poll for answers. A thread that has a CPU answers within microseconds; how long another waits for one
    /// can't be known: as long again as until now.
    [[nodiscard]] time_point next_poll(time_point now) const
    {
        if (!under_way()) return time_point::max();
        return now + std::clamp<nanoseconds>(now - begun_, std::chrono::microseconds{50}, std::chrono::milliseconds{5});
    }

    /// Collects the answers that have come.
    void poll()
    {
        for (std::size_t i = 0; i < found_.size && open_ > 0; ++i)
            if (!answered_[i] && detail::poll(requests_[i], found_.snapshots[i])) answer(i);
    }

    /// Ends it: from here on no handler writes for it.
    void stop()
    {
        for (std::size_t i = 0; i < found_.size && open_ > 0; ++i)
            if (!answered_[i]) {
                revoke(requests_[i], found_.snapshots[i]);
                answer(i);
            }
    }

    void clear()
    {
        stop();
        found_.size = 0;
    }

private:
    void answer(std::size_t i)
    {
        answered_[i] = true;
        --open_;
    }

    sighting found_;
    std::array<capture_request, loop_threads::max> requests_{};
    std::array<bool, loop_threads::max> answered_{};
    std::size_t open_{0};
    time_point begun_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
