// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>
#include <gtest/gtest.h>
#include <loopwatch/gtest.hpp>

TEST(Loop, Runs)
{
    loopwatch::watched_io_context ctx;
    post(ctx, [] {});
    EXPECT_NO_LOOP_BLOCKING(ctx.run());
}
