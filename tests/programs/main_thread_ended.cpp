// SPDX-License-Identifier: BSL-1.0

// The main thread has ended, and others go on: to the kernel the process has no memory by its own number then.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <cstdlib>
#include <thread>
#include <vector>

#include <pthread.h>

int main()
{
    std::thread{[main_thread = ::pthread_self()] {
        ::pthread_join(main_thread, nullptr);
        net::io_context ctx;
        loopwatch::no_loop_blocking guard{ctx, {.threshold = 20ms, .action = loopwatch::on_block::log}, [](auto&) {}};
        post(ctx, [] {});
        sleep_through(100ms);  // nobody runs it
        ctx.run();
        ctx.restart();
        post(ctx, [] { sleep_through(100ms); });
        post(ctx, [] { spin_through(100ms); });
        ctx.run();
        guard.finish();
        auto const blocks = guard.blocks();
        expect(!blocks.empty(), "the handlers blocked the loop");
        for (auto const& b : blocks) {
            expect(b.stack_quality != loopwatch::stack_quality::none, "a stack was taken");
            expect(culprit_is(b, "sleep_through") || culprit_is(b, "spin_through"), "a handler is to blame");
        }
        std::_Exit(0);
    }}.detach();
    ::pthread_exit(nullptr);
}
