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

/// The open scopes of one thread, and the log of what was allowed in the past. The innermost scope, the one opened
/// last, decides. Scopes may be closed in any order; closing an unknown one does nothing.
///
/// Pure: no clock, no thread. Callers pass the time.
class allowance_scopes {
public:
    allowance_scopes() { open_.reserve(8); }

    /// Returns the new scope's number. `what` null: a scope in which nothing is allowed.
    /// Throws: std::bad_alloc, and then nothing has changed.
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

    /// For use by a new thread. Scopes opened before are unknown from here on.
    void clear() noexcept
    {
        open_.clear();
        log_.clear();
    }

    [[nodiscard]] bool none_open() const { return open_.empty(); }

    /// Adds to `found` what was allowed between `from` and `to`, the scope that is still open included.
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
    time_point since_{};  // since when the last open scope decides
    std::uint64_t last_id_{0};
    allowed_log log_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
