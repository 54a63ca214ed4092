// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"
#include "../../base/clock.hpp"
#include "../../base/view.hpp"
#include "../handler_seen.hpp"
#include "sample_times.hpp"

#include <algorithm>
#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The handlers that were seen during a block.
struct handlers_seen {
    std::size_t count{0};   // lower bound
    nanoseconds longest{};  // from the first to the last sample that may be of the same handler
    /// Upper bound on what the shortest took: the time between the samples before and after it. The first and the last
    /// do not count: they may have begun long before, or gone on for long.
    nanoseconds briefest{nanoseconds::max()};
    /// The samples of the one that ran for longest: the first, since the block began, unless another was seen for
    /// longer.
    std::size_t main_from{0};
    std::size_t main_to{0};  // behind the last

    [[nodiscard]] bool is_main(std::size_t sample) const { return main_from <= sample && sample < main_to; }
};

/// Pure. `seen` and when they were, in order.
inline handlers_seen count_handlers(view<handler_seen const> seen, view<seen_when const> when)
{
    handlers_seen all;
    std::size_t since = 0;
    nanoseconds main_length{-1};
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (i > 0 && different(seen[i - 1], seen[i])) {
            if (since > 0 && !seen[since].between)
                all.briefest = std::min(all.briefest, own_between(when[since - 1], when[i]));
            since = i;
        }
        if (since == i && !seen[i].between) ++all.count;
        nanoseconds const seen_for = own_between(when[since], when[i]);
        all.longest = std::max(all.longest, seen_for);
        nanoseconds const length = since == 0 ? when[i].at : seen_for;
        if (seen[i].between || length <= main_length) continue;
        main_length = length;
        all.main_from = since;
        all.main_to = i + 1;
    }
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
