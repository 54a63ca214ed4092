// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>
#include <gtest/gtest.h>

TEST(Loop, Runs)
{
    asio::io_context ctx;
    post(ctx, [] {});
    EXPECT_EQ(ctx.run(), 1U);
}
