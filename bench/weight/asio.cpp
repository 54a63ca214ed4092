// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>

void run_it()
{
    asio::io_context ctx;
    post(ctx, [] {});
    ctx.run();
}
