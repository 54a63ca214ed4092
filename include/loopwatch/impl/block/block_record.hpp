// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/owned.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../capture/look.hpp"
#include "../capture/thread_access.hpp"
#include "../evidence/reading.hpp"
#include "block_recorder.hpp"
#include "raw_block.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Samples of a block that lasts, at growing distances: many at its beginning, and never more than ten, however long it
/// takes. When there are too many, every second one is dropped; but none of the first three, which are so close to each
/// other that a short handler can be told from a long one.
class block_samples {
public:
    static constexpr std::size_t most = 10;
    static constexpr std::size_t close = 3;

    /// `first_distance`: from the deadline, when the first sample was taken, to the next.
    void begin(time_point deadline, nanoseconds first_distance)
    {
        moments_.clear();
        distance_ = first_distance;
        next_ = deadline + distance_;
    }
    [[nodiscard]] time_point due_at() const { return next_; }

    void add(sighting const& seen, time_point now)
    {
        try {
            moments_.emplace_back(seen.all());
        } catch (...) {  // NOLINT(bugprone-empty-catch)
            // Out of memory: one sample less.
        }
        distance_ = distance_ * 3 / 2;
        next_ = now + distance_;
        if (moments_.size() < most) return;
        std::size_t kept = close;
        for (std::size_t i = close + 1; i < moments_.size(); i += 2) moments_[kept++] = std::move(moments_[i]);
        moments_.resize(kept);
    }

    [[nodiscard]] many<moment> const& moments() const { return moments_; }

private:
    many<moment> moments_;
    time_point next_{};
    nanoseconds distance_{};
};

/// When a block that lasts is reported as in progress: 1, 2, 4, 8... s after its heartbeat was sent, and once when it
/// gets as long as somebody wants to know of.
class progress_schedule {
public:
    /// `also_at`: 0 for none.
    void begin(time_point sent_at, bool wanted, nanoseconds also_at = {})
    {
        sent_at_ = sent_at;
        distance_ = std::chrono::seconds{1};
        next_at_ = wanted ? sent_at + distance_ : time_point::max();
        also_at_ = also_at > nanoseconds{0} ? sent_at + also_at : time_point::max();
        pending_ = false;
    }
    [[nodiscard]] time_point due_at() const { return std::min(next_at_, also_at_); }

    /// One is due: it is to be made of the next sample.
    void advance()
    {
        pending_ = true;
        time_point const due = due_at();
        if (also_at_ == due) also_at_ = time_point::max();
        if (next_at_ != due) return;
        distance_ *= 2;
        next_at_ = sent_at_ + distance_;
    }
    /// Whether one is to be made of the sample that was taken.
    [[nodiscard]] bool take_pending() { return std::exchange(pending_, false); }

private:
    time_point sent_at_{};
    time_point next_at_{};
    time_point also_at_{};
    nanoseconds distance_{};
    bool pending_{false};
};

/// What a black box has of a block under way.
struct recorded_block {
    block_recorder* by{nullptr};  // null: there is none, or the block is over
    std::size_t place{block_recorder::none};
    bool with_stacks{false};
};

/// What is being found out about a block under way.
struct block_record {
    block_record()
    {
        threads.reserve(loop_threads::max);
        others.reserve(loop_threads::max);
    }

    /// Takes a further sample of all of them.
    void look_again(thread_access& access)
    {
        latest.begin(threads, access);
        latest.add(others, access);
    }

    void clear(thread_access& access)
    {
        first.clear(access);
        latest.clear(access);
        sampling = false;
        recorded = {};
    }

    many<loop_thread> threads;  // that are known to run the loop
    many<loop_thread> others;   // that are looked at as well: of these it is not known what they run
    bool all_threads{false};    // there are no more in the process
    strand_hold hold{strand_hold::untold};
    look first;            // at the deadline
    look latest;           // later
    bool sampling{false};  // `latest` is under way, or taken and not yet among the samples
    block_samples samples;
    progress_schedule progress;
    process_reading at_deadline;
    std::string holder_name;  // of the thread that holds a lock: it may end before the block does
    recorded_block recorded;
};

/// Records for the blocks of all loops. A block needs one at its deadline, when the blocked thread may hold the
/// allocator's lock: so one is always made beforehand.
class record_store {
public:
    record_store()
    {
        spare_.reserve(most);
        put_back(make_owned<block_record>());
    }

    owned<block_record> take()
    {
        if (spare_.empty()) return make_owned<block_record>();
        auto record = std::move(spare_.back());
        spare_.pop_back();
        return record;
    }
    /// One that is cleared.
    void put_back(owned<block_record> record)
    {
        if (spare_.size() < most) spare_.push_back(std::move(record));
    }

private:
    static constexpr std::size_t most = 8;
    many<owned<block_record>> spare_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
