// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>

void of_other_file(asio::io_context& loop);

void of_other_file(asio::io_context& loop)
{
    post(loop, [] {});
    loop.run();
}
