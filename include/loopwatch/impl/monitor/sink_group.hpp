// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_notice.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../monitor_sink.hpp"
#include "../../options.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "sink_queue.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The sinks of a monitor, each with its queue, which may be replaced at any time.
///
/// Thread safety: any thread. Its mutex is held for microseconds.
class sink_group {
public:
    using queues = many<std::shared_ptr<sink_queue>>;

    /// `most`: notices that wait for each. Throws: std::system_error; std::bad_alloc.
    sink_group(std::vector<monitor_sink> const& sinks, std::size_t most) : most_{most}, now_{made(sinks, most)} {}
    sink_group(sink_group const&) = delete;
    sink_group& operator=(sink_group const&) = delete;
    ~sink_group() = default;

    /// Whether any takes a notice that logs are `told` of, or that is of a block that is `over`.
    [[nodiscard]] bool takes(bool told, bool over) const
    {
        std::lock_guard const hold{mutex_};
        return any_of(now_, [&](auto const& each) { return is_for(*each, told, over); });
    }
    void push(std::shared_ptr<block_notice const> const& notice, bool told, bool over)
    {
        std::lock_guard const hold{mutex_};
        for (auto const& each : now_)
            if (is_for(*each, told, over)) each->push(notice);
    }

    void reopen()
    {
        std::lock_guard const hold{mutex_};
        for (auto const& each : now_) each->reopen();
    }

    void set_most(std::size_t most)
    {
        std::lock_guard const hold{mutex_};
        most_ = most;
        for (auto const& each : now_) each->set_most(most);
    }

    /// Notices that they have lost, those that were replaced included. Never less than before.
    [[nodiscard]] std::uint64_t lost() const
    {
        std::lock_guard const hold{mutex_};
        std::uint64_t sum = lost_before_ + lost_by(now_);
        for (auto const* each = closing_; each != nullptr; each = each->next) sum += lost_by(each->old);
        return sum;
    }

    /// Throws: std::bad_alloc.
    [[nodiscard]] queues all() const
    {
        std::lock_guard const hold{mutex_};
        return now_;
    }

    /// The old ones may write what waits until then. Throws as the constructor; then nothing has changed.
    void replace(std::vector<monitor_sink> const& sinks, time_point until)
    {
        std::size_t most = 0;
        {
            std::lock_guard const hold{mutex_};
            most = most_;
        }
        replace(made(sinks, most), until);
    }
    void close(time_point until) noexcept { replace(queues{}, until); }

private:
    /// Queues that are being closed, on the stack of who does: what they lose counts meanwhile, too.
    struct closing_queues {
        queues old;
        closing_queues* next{nullptr};
    };

    static queues made(std::vector<monitor_sink> const& sinks, std::size_t most)
    {
        queues all;
        if (turned_off()) return all;  // and starts no thread
        for (monitor_sink const& each : sinks)
            if (each.get() != nullptr) all.push_back(std::make_shared<sink_queue>(each.get(), most));
        return all;
    }

    static bool is_for(sink_queue const& queue, bool told, bool over)
    {
        return told || (over && queue.wants_every_block());
    }

    void replace(queues by, time_point until) noexcept
    {
        closing_queues closing{.old = std::move(by)};
        {
            std::lock_guard const hold{mutex_};
            closing.old.swap(now_);
            closing.next = std::exchange(closing_, &closing);
        }
        for (auto const& each : closing.old) each->close(std::max<nanoseconds>(until - clock::now(), nanoseconds{0}));
        std::lock_guard const hold{mutex_};
        lost_before_ += lost_by(closing.old);
        closing_queues** at = &closing_;
        while (*at != &closing) at = &(*at)->next;
        *at = closing.next;
    }

    static std::uint64_t lost_by(queues const& all)
    {
        std::uint64_t sum = 0;
        for (auto const& each : all) sum += each->lost();
        return sum;
    }

    mutable std::mutex mutex_;
    std::size_t most_;
    queues now_;
    std::uint64_t lost_before_{0};  // by those that were replaced
    closing_queues* closing_{nullptr};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
