// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>

void of_other_file(asio::io_context& loop);

void of_other_file(asio::io_context&)
{
    asio::io_context own;
    post(own, [] {});
    own.run();
}
