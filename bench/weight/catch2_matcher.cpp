// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <asio.hpp>
#include <loopwatch/catch2.hpp>

TEST_CASE("the loop runs")
{
    asio::io_context ctx;
    post(ctx, [] {});
    CHECK_THAT(loopwatch::blocks_during(ctx, [&] { ctx.run(); }), loopwatch::NeverBlocked());
    CHECK_THAT(std::string{"none"}, contains("one"));
}
