// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../block_report.hpp"
#include "../../../detail/config.hpp"
#include "../../base/clock.hpp"
#include "../../base/many.hpp"
#include "../answering.hpp"
#include "../handler_seen.hpp"
#include "../named_block.hpp"
#include "../shown_stack.hpp"
#include "activity.hpp"
#include "computed_times.hpp"
#include "handlers.hpp"
#include "sample_times.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What a thread did at one moment of a block.
struct observation {
    nanoseconds after{};  // since the block began
    occupation what;
    bool in_call{false};     // its stack is that of a system call
    bool between{false};     // in the loop, but in no handler
    nanoseconds computed{};  // the CPU time that is attributed to it, by computed_times()
    bool in_main{true};      // in the handler that ran for longest
};

/// What the samples of one thread say: what it did, in which handlers, and where.
struct thread_samples {
    many<shown_sample> shown;       // all of them, as in the report
    many<observation> counted;      // all but those of moments in which it was allowed to block, if that is excluded
    handlers_seen handlers;         // in the counted ones
    nanoseconds last_in_handler{};  // since the block began: until then it lasted for certain
};

/// Pure.
inline thread_samples samples_of(named_thread const& thread, answer const& by, time_point began)
{
    auto const times = sample_times(thread, began);
    auto const computed = computed_times(thread, began);
    thread_samples all;
    many<handler_seen> handlers;
    many<seen_when> when;
    for (std::size_t i = 0; i < thread.looks.size(); ++i) {
        named_look const& look = thread.looks[i];
        if (!is_sample(look)) continue;
        nanoseconds const after = look.taken_at - began;
        occupation what = occupation_of(look.reading, look.frames);
        if (look.where == position::handler) all.last_in_handler = after;
        shown_sample& sample = all.shown.emplace_back();
        sample.after = after;
        sample.doing = look.handler.between ? "between two handlers" : what.text;
        put_stack_into(sample, look);
        if (by.excludes_allowed && by.allowed.at(after)) continue;
        handlers.push_back(look.handler);
        when.push_back(times[i]);
        all.counted.push_back({after, std::move(what), look.in_call, look.handler.between, computed[i]});
    }
    all.handlers = count_handlers(handlers, when);
    for (std::size_t i = 0; i < all.counted.size(); ++i) all.counted[i].in_main = all.handlers.is_main(i);
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
