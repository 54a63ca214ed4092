// SPDX-License-Identifier: BSL-1.0

// Where the library's threads get no memory, or throw whatever else, the program goes on, and what can't be told is
// counted.
#include "programs/expect.hpp"
#include "support/failing_memory.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <cstddef>

namespace {

/// How many allocations of the library's threads succeed before all others fail.
std::atomic<long> left{0};
std::atomic<bool> tight{false};

}  // namespace

bool is_out_of_memory() noexcept { return tight && this_thread_is("loopwatch") && left.fetch_sub(1) <= 0; }

int main()
{
    using loopwatch::no_loop_blocking;
    net::io_context ctx;
    unsigned ran_out = 0;
    unsigned counted = 0;
    auto const block_with = [&](long allocations) {
        std::size_t heard = 0;
        no_loop_blocking guard{ctx,
                               {.threshold = 5ms, .heartbeat_interval = 1ms, .action = loopwatch::on_block::log},
                               [&](loopwatch::block_report const&) { ++heard; }};
        left = allocations;
        refused = 0;
        tight = true;
        post(ctx, [] { sleep_through(50ms); });
        ctx.restart();
        ctx.run();
        guard.finish();
        tight = false;
        expect(heard + guard.excused().size() + guard.dropped() >= 1, "a block is told of, or counted");
        if (refused > 0) ++ran_out;
        if (guard.dropped() > 0) ++counted;
    };
    for (long allocations = 0; allocations < 50; ++allocations) block_with(allocations);
    for (long allocations = 50; allocations < 20'000; allocations += allocations / 2) block_with(allocations);
    expect(ran_out > 50 && counted > 0, "memory ran out at many a place");

    no_loop_blocking const guard{
        ctx, {.threshold = 5ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
    post(ctx, [] { sleep_through(100ms); });
    ctx.restart();
    ctx.run();
    expect(guard.blocks().size() == 1 && guard.dropped() == 0, "with memory, reports are as ever");
    expect(culprit_is(guard.blocks()[0], "sleep_through"), "and have their names");
}
