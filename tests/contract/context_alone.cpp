// SPDX-License-Identifier: BSL-1.0
// A file that includes no more of Asio than its context, and of loopwatch than its guard. Compiling is the test.
#if LOOPWATCH_TEST_BOOST_ASIO
#include <boost/asio/io_context.hpp>
namespace net = boost::asio;
#else
#include <asio/io_context.hpp>
namespace net = asio;
#endif

#include <loopwatch/no_loop_blocking.hpp>

void watch_it(net::io_context& ctx)
{
    loopwatch::no_loop_blocking const guard{ctx};
    loopwatch::no_loop_blocking const other{ctx.get_executor(), {.action = loopwatch::on_block::log}};
}
