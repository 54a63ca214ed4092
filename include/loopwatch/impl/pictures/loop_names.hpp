// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../recording.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "numbered_texts.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What a loop without a name is called.
inline std::string_view name_of_loop(std::string_view name) { return name.empty() ? "loop" : name; }

/// The loops of a recording by number, in the order in which they are first met; and of each block on which of its
/// loop's lanes it is drawn, as blocks of one loop may overlap: several threads may run it, and several guards watch
/// it.
struct drawn_loops {
    struct place {
        std::size_t loop;
        std::size_t lane;
    };

    numbered_texts names;
    many<std::size_t> lanes;  // how many each loop has, one or more
    many<place> blocks;       // where each block of the recording is
};

/// Pure.
inline drawn_loops drawn_loops_of(recording const& what)
{
    using time = std::chrono::system_clock::time_point;
    struct lane_end {
        std::size_t loop;
        std::size_t lane;
        time at;
    };
    drawn_loops all;
    many<lane_end> ends;
    for (block_report const& block : what.blocks) {
        std::size_t const loop = all.names(block.loop);
        all.lanes.resize(all.names.size());
        auto const end = block.began_at + std::chrono::duration_cast<time::duration>(block.duration);
        lane_end* free = first_of(ends, [&](lane_end const& e) { return e.loop == loop && e.at <= block.began_at; });
        if (free == nullptr) free = &ends.push_back({loop, all.lanes[loop]++, end});
        free->at = end;
        all.blocks.push_back({loop, free->lane});
    }
    for (loop_delays const& each : what.delays) {
        static_cast<void>(all.names(each.loop));
        all.lanes.resize(all.names.size());
    }
    for (std::size_t& lanes : all.lanes)
        if (lanes == 0) lanes = 1;
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
