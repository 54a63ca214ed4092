// SPDX-License-Identifier: BSL-1.0

// A program that handles SIGURG itself keeps it: blocks are reported without a stack, and with the reason.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <string>

#include <signal.h>

namespace {
sig_atomic_t volatile got = 0;
void urgent_handler(int) { got = got + 1; }
}  // namespace

int main()
{
    ::signal(SIGURG, &urgent_handler);
    net::io_context ctx;
    loopwatch::no_loop_blocking guard{
        ctx, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
    post(ctx, [] { spin_through(40ms); });
    ctx.run();
    auto const blocks = guard.blocks();
    expect(blocks.size() == 1, "the block is reported");
    expect(blocks[0].stack.empty(), "there is no stack");
    expect(blocks[0].stack_missing.find("handles the capture signal itself") != std::string::npos, "and it says why");
    auto const ability = loopwatch::can_capture();
    expect(!ability.works && ability.why_not.find("use_capture_signal") != std::string::npos, "so does can_capture()");
    expect(got == 0, "the program's handler was not called");
}
