// SPDX-License-Identifier: BSL-1.0

// The process ends while a loop is blocked, a report is being made and another guard is alive.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <thread>

int main()
{
    // Never destroyed: the loop's thread is still inside when the process ends.
    static auto* const ctx = new net::io_context;
    static auto* const guard = new loopwatch::no_loop_blocking{
        *ctx, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
    expect(guard->blocks().empty(), "nothing has blocked yet");
    static std::atomic<bool> begun{false};
    std::thread{[] {
        post(*ctx, [] { sleep_through(40ms); });
        post(*ctx, [] {
            begun = true;
            sleep_through(10s);
        });
        ctx->run();
    }}.detach();
    while (!begun) std::this_thread::yield();
    sleep_through(15ms);
    return 0;
}
