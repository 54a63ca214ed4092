// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "allowance_names.hpp"
#include "allowed_log.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The parts of one block in which a thread was allowed to block. Pure, except for note_use().
class allowed_time {
public:
    allowed_time() = default;

    /// `noted`: the thread's segments, which are cut to the block.
    allowed_time(view<allowed_segment const> noted, time_point began, time_point ended)
    {
        for (allowed_segment const& s : noted) {
            time_point const from = std::max(s.from, began);
            time_point const to = std::min(s.to, ended);
            if (from >= to) continue;
            pieces_.push_back({from - began, to - began, std::min(s.amount, to - from), s.what, s.scope, s.budget});
        }
        sort_few(pieces_, [](piece const& a, piece const& b) { return a.from < b.from; });
    }

    [[nodiscard]] nanoseconds total() const
    {
        nanoseconds sum{};
        for (piece const& p : pieces_) sum += p.amount;
        return sum;
    }

    /// Removes what lies after this moment, counted from the block's begin.
    void end_at(nanoseconds end)
    {
        for (piece& p : pieces_) p.shorten(p.to - end);
        remove_if(pieces_, [](piece const& p) { return p.amount <= nanoseconds{0}; });
    }

    /// Removes the time beyond a scope's budget, from the end of the scope's time. `elsewhere`: how much of the block
    /// the thread was kept from its work by others. Only the total is known, so all of it may have been in this scope.
    void hold_to_budgets(nanoseconds elsewhere)
    {
        for (std::size_t i = pieces_.size(); i-- > 0;) {
            piece const last = pieces_[i];
            if (last.budget == no_budget) continue;
            nanoseconds taken{};
            bool is_last = true;
            for (piece const& p : pieces_) {
                if (p.scope != last.scope) continue;
                taken += p.amount;
                is_last = is_last && p.from <= last.from;
            }
            nanoseconds over = taken - last.budget - elsewhere;
            if (!is_last || over <= nanoseconds{0}) continue;
            excess_ += over;
            if (over > largest_excess_.by) largest_excess_ = {last.what, last.budget, over};
            for (std::size_t k = i + 1; k-- > 0 && over > nanoseconds{0};)
                if (pieces_[k].scope == last.scope) over -= pieces_[k].shorten(over);
        }
        remove_if(pieces_, [](piece const& p) { return p.amount <= nanoseconds{0}; });
    }

    /// By how much budgets were exceeded, in total.
    [[nodiscard]] nanoseconds over() const { return excess_; }

    /// How much was allowed between two moments of the block.
    [[nodiscard]] nanoseconds within(nanoseconds from, nanoseconds to) const
    {
        nanoseconds sum{};
        for (piece const& p : pieces_)
            sum += std::clamp(std::min(p.to, to) - std::max(p.from, from), nanoseconds{0}, p.amount);
        return sum;
    }

    /// Whether blocking was allowed at this moment of the block; of a merged segment, whether at least half of it was.
    [[nodiscard]] bool at(nanoseconds when) const
    {
        return any_of(pieces_,
                      [&](piece const& p) { return p.from <= when && when < p.to && p.amount * 2 >= p.to - p.from; });
    }

    /// "reload certificates (48.0 ms), flush (3.0 ms)", the longest first. `whole`: the block's reported duration,
    /// which is a lower bound; no amount is shown longer than that.
    [[nodiscard]] std::string text(nanoseconds whole) const
    {
        auto const sums = by_name(whole);
        constexpr std::size_t most = 3;
        std::string all;
        for (std::size_t i = 0; i < std::min(sums.size(), most); ++i)
            all += formatted("{}{} ({})",
                             {i == 0 ? "" : ", ", sums[i].what->text, duration_text(std::min(sums[i].amount, whole))});
        if (sums.size() > most) all += formatted(" and {} more", {sums.size() - most});
        return all;
    }

    /// "20.0 ms over the 200.0 ms allowed for "reload certificates"", for the budget exceeded by most; "" if none was.
    [[nodiscard]] std::string over_text() const
    {
        if (largest_excess_.what == nullptr) return {};
        return formatted(
            "{} over the {} allowed for \"{}\"",
            {duration_text(largest_excess_.by), duration_text(largest_excess_.budget), largest_excess_.what->text});
    }

    /// Marks the reasons as having excused something, for a block of this length.
    void note_use(nanoseconds whole) const
    {
        for (share const& each : by_name(whole)) each.what->excused.store(true, std::memory_order_relaxed);
    }

private:
    struct piece {
        nanoseconds from;  // since the block began
        nanoseconds to;
        nanoseconds amount;
        allowance_name* what;
        std::uint64_t scope;
        nanoseconds budget;

        /// Cuts the end off; returns how much allowed time was removed.
        nanoseconds shorten(nanoseconds by)
        {
            if (by <= nanoseconds{0}) return {};
            nanoseconds const before = amount;
            amount = std::clamp(to - from - by, nanoseconds{0}, amount);
            to = std::max(from, to - by);
            return before - amount;
        }
    };
    struct share {
        allowance_name* what;
        nanoseconds amount;
    };
    struct excess {
        allowance_name const* what{nullptr};
        nanoseconds budget{};
        nanoseconds by{};
    };

    /// Totals by reason, the longest first, without those below 1% of the block; at least one.
    [[nodiscard]] many<share> by_name(nanoseconds whole) const
    {
        many<share> sums;
        for (piece const& p : pieces_) {
            share* const known = first_with(sums, &share::what, p.what);
            if (known == nullptr)
                sums.push_back({p.what, p.amount});
            else
                known->amount += p.amount;
        }
        sort_few(sums, [](share const& a, share const& b) { return a.amount > b.amount; });
        while (sums.size() > 1 && sums.back().amount * 100 < whole) sums.pop_back();
        return sums;
    }

    many<piece> pieces_;
    nanoseconds excess_{};
    excess largest_excess_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
