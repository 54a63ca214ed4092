// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <asio.hpp>

TEST_CASE("the loop runs")
{
    asio::io_context ctx;
    post(ctx, [] {});
    CHECK(ctx.run() == 1);
    CHECK_THAT(std::string{"none"}, contains("one"));
}
