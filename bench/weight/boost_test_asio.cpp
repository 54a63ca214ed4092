// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>
#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(the_loop_runs)
{
    asio::io_context ctx;
    post(ctx, [] {});
    BOOST_TEST(ctx.run() > 0);
}
