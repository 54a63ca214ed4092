// SPDX-License-Identifier: BSL-1.0

// Another signal captures as well, and SIGURG then stays the program's.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <signal.h>

int main()
{
    ::signal(SIGURG, [](int) {});
    loopwatch::use_capture_signal(SIGUSR2);
    net::io_context ctx;
    loopwatch::no_loop_blocking guard{
        ctx, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
    post(ctx, [] { spin_through(40ms); });
    ctx.run();
    auto const blocks = guard.blocks();
    expect(blocks.size() == 1, "the block is reported");
    expect(blocks[0].stack_quality == loopwatch::stack_quality::exact, "with its stack");
    expect(culprit_is(blocks[0], "spin_through"), "and its culprit");
    expect(loopwatch::can_capture().works, "can_capture() says so");
}
