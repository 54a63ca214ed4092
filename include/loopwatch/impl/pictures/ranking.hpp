// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../recording.hpp"
#include "../analysis/code_path_number.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../report/report_text.hpp"
#include "../report/text/page.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The culprit's name, or "" if there is none.
inline std::string culprit_name(block_report const& block)
{
    frame const* const culprit = block.culprit();
    return culprit == nullptr ? std::string{} : name_of(*culprit);
}

/// The culprit's "file.cpp:86", or "" if it is not known.
inline std::string culprit_place(block_report const& block)
{
    frame const* const culprit = block.culprit();
    return culprit == nullptr ? std::string{} : source_of(*culprit);
}

/// All blocks of one code path, as a monitor tells them apart.
struct ranking_row {
    std::uint64_t path{0};  // code_path_of()
    std::uint64_t times{0};
    nanoseconds total{};
    std::size_t longest{0};  // the number in the recording of the longest of its blocks
};

/// Pure. The code paths that blocked, by the total time of each, longest first; without excused blocks.
inline many<ranking_row> ranking_of(recording const& what)
{
    many<ranking_row> all;
    for (std::size_t i = 0; i < what.blocks.size(); ++i) {
        block_report const& block = what.blocks[i];
        if (!block.excuse.empty()) continue;
        std::uint64_t const path = code_path_of(block);
        ranking_row* known = first_with(all, &ranking_row::path, path);
        if (known == nullptr) known = &all.push_back({.path = path, .longest = i});
        ++known->times;
        known->total += block.duration;
        if (block.duration > what.blocks[known->longest].duration) known->longest = i;
    }
    sort_few(all, [](ranking_row const& a, ranking_row const& b) { return a.total > b.total; });
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
