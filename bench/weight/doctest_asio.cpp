// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>
#include <doctest/doctest.h>

TEST_CASE("the loop runs")
{
    asio::io_context ctx;
    post(ctx, [] {});
    CHECK(ctx.run() > 0);
}
