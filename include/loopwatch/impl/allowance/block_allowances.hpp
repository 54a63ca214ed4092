// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/many.hpp"
#include "../block/raw_block.hpp"
#include "allowed_time.hpp"
#include "thread_records.hpp"

#include <cstddef>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// For how long threads were allowed to block during a block.
struct block_allowances {
    many<allowed_time> of_threads;  // of each that was looked at at the deadline, by its number in the block
    allowed_time most;              // of that thread of the process that was allowed most
};

/// Reads the threads' records. Not on the watchdog, which must not wait for a thread that is kept from its CPU in the
/// midst of writing; nor at the block's end, for they keep the past.
inline block_allowances allowances_during(raw_block const& raw)
{
    time_point const began = raw.sent_at;
    time_point const ended = raw.ended_at();
    block_allowances all;
    for (std::size_t i = 0; i < raw.looked_at(); ++i)
        all.of_threads.push_back({thread_records::allowed(raw.seen(i).stack.thread, began, ended), began, ended});
    for (auto const& noted : thread_records::allowed_to_each(began, ended)) {
        allowed_time each{noted, began, ended};
        if (each.total() > all.most.total()) all.most = std::move(each);
    }
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
