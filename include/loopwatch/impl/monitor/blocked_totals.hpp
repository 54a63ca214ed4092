// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../cause.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The blocks of a loop, by cause.
struct blocked_totals {
    struct of_cause {
        std::uint64_t blocks{0};
        nanoseconds time{};
    };
    fixed<of_cause, all_causes.size()> by_cause{};

    void add(block_report const& report)
    {
        of_cause& to = by_cause[static_cast<std::size_t>(report.cause)];
        ++to.blocks;
        to.time += report.duration;
    }
    void add(blocked_totals const& others)
    {
        for (std::size_t i = 0; i < by_cause.size(); ++i) {
            by_cause[i].blocks += others.by_cause[i].blocks;
            by_cause[i].time += others.by_cause[i].time;
        }
    }
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
