// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>

asio::awaitable<int> answer() { co_return 42; }

int run_it()
{
    asio::io_context ctx;
    auto result = co_spawn(ctx, answer(), asio::use_future);
    ctx.run();
    return result.get();
}
