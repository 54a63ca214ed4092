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

/// What threads were allowed during a block.
struct block_allowances {
    many<allowed_time> of_threads;  // for each thread captured at the deadline, by its index in the block
    allowed_time most;              // for the thread of the process that was allowed most
};

/// Reads the threads' records. Called on the reporter: the watchdog must not wait for a thread that lost its CPU while
/// it held its record's mutex. The records keep the past, so this may be done after the block.
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
