// SPDX-License-Identifier: BSL-1.0
#include "support/net.hpp"
#include "support/stall.hpp"

extern "C" [[gnu::visibility("default")]] int blocks_seen()
{
    net::io_context ctx;
    loopwatch::no_loop_blocking guard{
        ctx, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
    post(ctx, [] { sleep_through(40ms); });
    ctx.run();
    return static_cast<int>(guard.blocks().size());
}
