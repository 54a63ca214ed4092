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
};

/// Pure. `seen` and when they were, in order.
inline handlers_seen count_handlers(view<handler_seen const> seen, view<seen_when const> when)
{
    handlers_seen all;
    std::size_t since = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (i > 0 && different(seen[i - 1], seen[i])) {
            if (since > 0 && !seen[since].between)
                all.briefest = std::min(all.briefest, own_between(when[since - 1], when[i]));
            since = i;
        }
        if (since == i && !seen[i].between) ++all.count;
        all.longest = std::max(all.longest, own_between(when[since], when[i]));
    }
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
