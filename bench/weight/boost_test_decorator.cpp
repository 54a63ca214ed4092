// SPDX-License-Identifier: BSL-1.0
#include <asio.hpp>
#include <boost/test/unit_test.hpp>
#include <loopwatch/boost_test.hpp>

BOOST_AUTO_TEST_CASE(the_loop_runs, *loopwatch::must_not_block())
{
    loopwatch::watched_io_context ctx;
    post(ctx, [] {});
    BOOST_TEST(ctx.run() > 0);
}
