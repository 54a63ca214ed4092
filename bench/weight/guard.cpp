// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>

#include <loopwatch/loopwatch.hpp>

void run_it()
{
    asio::io_context ctx;
    loopwatch::no_loop_blocking guard{ctx, {.threshold = std::chrono::milliseconds{10}}};
    post(ctx, [] {});
    ctx.run();
}
