// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "../symbolize/code_origin.hpp"

#include <cstddef>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The time a block spent in one function.
struct sample_share {
    frame const* function{nullptr};  // null: the common function itself
    nanoseconds time{};
    std::string_view doing;  // as in the first of its samples
};

/// How the time of a sampled block is divided among functions.
struct sample_shares {
    frame const* common{nullptr};  // the innermost function of the user's own that is in all samples
    many<sample_share> below;      // the functions it called, the longest time first
    nanoseconds all{};
};

/// The frames of the user's own code that have a name, outermost first.
inline many<frame const*> own_functions(view<frame const> stack)
{
    many<frame const*> own;
    for (std::size_t i = stack.size(); i-- > 0;)
        if (origin_of(stack[i]) == code_origin::user && !stack[i].function.empty()) own.push_back(&stack[i]);
    return own;
}

/// Pure. Each sample counts for the time since the one before it, as samples are taken at growing intervals. Functions
/// are compared and not lines, which change while a function loops. Pointers are into `samples`.
inline sample_shares shares_of(view<block_sample const> samples)
{
    sample_shares shares;
    many<many<frame const*>> stacks;
    for (block_sample const& s : samples) stacks.push_back(own_functions(s.stack));
    remove_if(stacks, [](auto const& s) { return s.empty(); });
    if (stacks.empty()) return shares;

    std::size_t common = 0;
    auto const same_at = [&](std::size_t i) {
        return all_of(stacks, [&](auto const& s) { return i < s.size() && s[i]->function == stacks[0][i]->function; });
    };
    while (same_at(common)) ++common;
    if (common > 0) shares.common = stacks[0][common - 1];

    nanoseconds before{};
    for (block_sample const& s : samples) {
        auto const own = own_functions(s.stack);
        nanoseconds const time = s.after - before;
        before = s.after;
        if (own.empty()) continue;
        frame const* const below = common < own.size() ? own[common] : nullptr;
        sample_share* const known = first_of(shares.below, [&](sample_share const& each) {
            return below == nullptr || each.function == nullptr ? below == each.function
                                                                : below->function == each.function->function;
        });
        shares.all += time;
        if (known != nullptr)
            known->time += time;
        else
            shares.below.push_back({below, time, s.doing});
    }
    sort_few(shares.below, [](sample_share const& a, sample_share const& b) { return a.time > b.time; });
    return shares;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
