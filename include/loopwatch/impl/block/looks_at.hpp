// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/many.hpp"
#include "../platform/thread.hpp"
#include "raw_block.hpp"

#include <cstddef>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// All looks at one thread, in order: the one at the deadline, then the samples. Pure.
inline many<seen_thread const*> looks_at(raw_block const& block, thread_number thread)
{
    many<seen_thread const*> looks;
    auto const add = [&](moment const& all) {
        for (seen_thread const& each : all)
            if (each.stack.thread == thread) looks.push_back(&each);
    };
    add(block.first);
    add(block.others);
    for (moment const& sample : block.later) add(sample);
    return looks;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
