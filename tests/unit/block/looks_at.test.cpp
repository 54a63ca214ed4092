// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/block/looks_at.hpp>

#include <chrono>
#include <vector>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

seen_thread thread_seen_at(thread_number thread, nanoseconds at)
{
    seen_thread one{};
    one.stack.thread = thread;
    one.stack.taken_at = time_point{at};
    return one;
}

std::vector<nanoseconds> when_seen(raw_block const& block, thread_number thread)
{
    std::vector<nanoseconds> all;
    for (seen_thread const* const look : looks_at(block, thread))
        all.push_back(look->stack.taken_at.time_since_epoch());
    return all;
}

}  // namespace

TEST_CASE("the looks at one thread are in order, the deadline's first", "[looks_at]")
{
    raw_block block;
    CHECK(when_seen(block, 7).empty());
    block.first = {thread_seen_at(8, 10ms), thread_seen_at(7, 11ms)};
    block.others = {thread_seen_at(9, 12ms)};
    block.later = {{thread_seen_at(7, 20ms), thread_seen_at(8, 20ms), thread_seen_at(9, 21ms)},
                   {thread_seen_at(8, 30ms)},
                   {thread_seen_at(7, 40ms)}};
    CHECK(when_seen(block, 7) == std::vector<nanoseconds>{11ms, 20ms, 40ms});
    CHECK(when_seen(block, 9) == std::vector<nanoseconds>{12ms, 21ms});
    CHECK(when_seen(block, 10).empty());
}
