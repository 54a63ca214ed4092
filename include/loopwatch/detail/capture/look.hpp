// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../doorbell.hpp"
#include "capture.hpp"
#include "snapshot.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The threads that were seen to run a loop, the latest first. A strand, or a context with several threads, moves
/// from one to another: which of them holds it can only be told from their stacks.
class seen_threads {
public:
    static constexpr std::size_t max = 8;

    void add(thread_number thread)
    {
        if (size_ > 0 && numbers_[0] == thread) return;
        std::size_t at = 0;
        while (at < size_ && numbers_[at] != thread) ++at;
        if (at == size_) at = size_ < max ? size_++ : max - 1;
        for (; at > 0; --at) numbers_[at] = numbers_[at - 1];
        numbers_[0] = thread;
    }
    void clear() { size_ = 0; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::span<thread_number const> numbers() const { return {numbers_.data(), size_}; }

private:
    std::array<thread_number, max> numbers_{};
    std::size_t size_{0};
};

/// What one look at a loop's threads found.
struct sighting {
    std::array<snapshot, seen_threads::max> snapshots;
    std::size_t size{0};

    [[nodiscard]] std::span<snapshot const> all() const { return {snapshots.data(), size}; }

    /// What was taken at `end` or later is the stack of something else.
    void discard_later(time_point end)
    {
        for (snapshot& s : std::span{snapshots.data(), size})
            if (s.size > 0 && s.taken_at >= end) {
                s.size = 0;
                s.missing = gap::recovered;
            }
    }
};

/// A look under way: the captures of all of a loop's threads at once.
class look {
public:
    [[nodiscard]] bool under_way() const { return open_ > 0; }
    [[nodiscard]] bool taken() const { return found_.size > 0 && open_ == 0; }
    [[nodiscard]] sighting const& found() const { return found_; }
    [[nodiscard]] sighting& found() { return found_; }

    void begin(std::span<thread_number const> threads, doorbell& bell)
    {
        found_.size = 0;
        for (thread_number const thread : threads) {
            answered_[found_.size] = false;
            requests_[found_.size++] = request_capture(thread, bell);
        }
        open_ = found_.size;
        poll();
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
    std::array<capture_request, seen_threads::max> requests_{};
    std::array<bool, seen_threads::max> answered_{};
    std::size_t open_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
