// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>
#include <doctest/doctest.h>
#include <loopwatch/doctest.hpp>

TEST_CASE("the loop runs" * loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    post(ctx, [] {});
    CHECK(ctx.run() > 0);
}
