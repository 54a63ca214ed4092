// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "allowance_names.hpp"
#include "allowed_log.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The scopes of one thread, open ones and past ones. The innermost, which is the one opened last, decides. They may
/// end in any order, and one that is not known has ended already.
///
/// Pure: no clock, no thread. The thread's record feeds it time points, its tests feed it numbers.
class allowance_scopes {
public:
    allowance_scopes() { open_.reserve(8); }

    /// `what` null: a scope in which nothing is allowed. Throws std::bad_alloc, and then nothing has changed.
    std::uint64_t open(allowance_name* what, nanoseconds budget, time_point now)
    {
        open_.push_back({.id = last_id_ + 1, .what = what, .budget = budget});
        if (open_.size() > 1) note(open_[open_.size() - 2], now);
        since_ = now;
        return ++last_id_;
    }

    void close(std::uint64_t id, time_point now) noexcept
    {
        scope const* const at = first_with(open_, &scope::id, id);
        if (at == nullptr) return;
        if (at == &open_.back()) {
            note(*at, now);
            since_ = now;
        }
        remove_if(open_, [id](scope const& each) { return each.id == id; });
    }

    void close_all(time_point now) noexcept
    {
        if (!open_.empty()) note(open_.back(), now);
        open_.clear();
    }

    /// As for a new thread. Scopes of before stay unknown.
    void clear() noexcept
    {
        open_.clear();
        log_.clear();
    }

    [[nodiscard]] bool none_open() const { return open_.empty(); }

    /// Adds what was allowed of a time, with the scope that is open still.
    void overlapping(time_point from, time_point to, many<allowed_segment>& found) const
    {
        for (allowed_segment const& s : log_.segments())
            if (s.from < to && from < s.to) found.push_back(s);
        if (open_.empty() || open_.back().what == nullptr || since_ >= to) return;
        found.push_back(segment(open_.back(), to));
    }

private:
    struct scope {
        std::uint64_t id;
        allowance_name* what;
        nanoseconds budget;
    };

    [[nodiscard]] allowed_segment segment(scope const& of, time_point until) const
    {
        return {since_, until, until - since_, of.what, of.id, of.budget};
    }
    void note(scope const& decided, time_point until) noexcept
    {
        if (decided.what != nullptr) log_.add(segment(decided, until));
    }

    many<scope> open_;
    time_point since_{};  // since when the last of them decides
    std::uint64_t last_id_{0};
    allowed_log log_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
