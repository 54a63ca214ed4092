// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/allowance/budget.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"
#include "allowance_names.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A span in which a thread was allowed to block, by the innermost scope at that time.
struct allowed_segment {
    time_point from{};
    time_point to{};
    nanoseconds amount{};  // how much of it was allowed: all, unless segments were merged
    allowance_name* what{nullptr};
    std::uint64_t scope{0};  // 0: merged from several scopes
    nanoseconds budget{no_budget};

    [[nodiscard]] bool over_budget() const { return amount > budget; }
};

/// When a thread was allowed to block: its segments in order of time, at most 64. Pure.
///
/// When it is full, the two neighbours nearest to each other are merged. The merged segment keeps how much was allowed,
/// so nothing is lost for a block around it. Wide gaps, where a block may lie that is yet to be reported, are kept.
class allowed_log {
public:
    static constexpr std::size_t room = 64;

    void add(allowed_segment const& s)
    {
        if (s.to <= s.from) return;
        if (size_ == room) merge_nearest();
        segments_[size_++] = s;
    }
    void clear() { size_ = 0; }

    [[nodiscard]] view<allowed_segment const> segments() const { return {segments_.data(), size_}; }

private:
    static nanoseconds distance(allowed_segment const& a, allowed_segment const& b)
    {
        using namespace std::chrono_literals;
        nanoseconds apart = b.from - a.to;
        // Merging these would lose which reason it was, or that a budget was exceeded: others are preferred.
        if (a.what != b.what) apart += 1ms;
        if (a.scope != b.scope && (a.over_budget() || b.over_budget())) apart += 1h;
        return apart;
    }

    void merge_nearest()
    {
        std::size_t nearest = 0;
        nanoseconds least = nanoseconds::max();
        for (std::size_t i = 0; i + 1 < size_; ++i) {
            nanoseconds const apart = distance(segments_[i], segments_[i + 1]);
            if (apart >= least) continue;
            least = apart;
            nearest = i;
        }
        allowed_segment& a = segments_[nearest];
        allowed_segment const& b = segments_[nearest + 1];
        if (b.amount > a.amount) a.what = b.what;
        if (a.scope != b.scope) {
            a.scope = 0;
            a.budget = no_budget;
        }
        a.to = b.to;
        a.amount += b.amount;
        std::copy(segments_.begin() + static_cast<std::ptrdiff_t>(nearest) + 2,
                  segments_.begin() + static_cast<std::ptrdiff_t>(size_),
                  segments_.begin() + static_cast<std::ptrdiff_t>(nearest) + 1);
        --size_;
    }

    fixed<allowed_segment, room> segments_{};
    std::size_t size_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
