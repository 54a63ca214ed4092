// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../options.hpp"
#include "../base/formatted.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The checks of one of the two blocks that the self-test makes.
struct self_test_block {
    explicit self_test_block(std::vector<block_report> const& blocks, std::string_view function)
    {
        block_report const* longest = nullptr;
        for (block_report const& b : blocks)
            if (longest == nullptr || b.duration > longest->duration) longest = &b;
        // Further blocks that are nobody's fault only show that the machine is busy.
        detected = longest != nullptr &&
                   all_of(blocks, [&](block_report const& b) { return &b == longest || b.own_duration < b.threshold; });
        if (turned_off()) {
            why_not = "LOOPWATCH_OPTIONS turns loopwatch off";
            return;
        }
        if (!detected) {
            why_not = detail::formatted("{} blocks were reported instead of 1", {blocks.size()});
            return;
        }
        report = *longest;
        auto const by_name = [function](frame const& f) { return f.function.find(function) != f.function.npos; };
        frame const* const found = first_of(report.stack, by_name);
        is_named = found != nullptr;
        has_line = is_named && found->line != 0 && !found->file.empty();
        if (report.stack.empty()) why_not = report.stack_missing;
    }

    bool detected{false};
    bool is_named{false};
    bool has_line{false};
    block_report report;
    std::string why_not;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
