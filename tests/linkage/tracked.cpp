// SPDX-License-Identifier: BSL-1.0
//
// A program of two files, each of which posts a handler. The other one is this file with TRACKED_PART, and has a guard.
#include <utility>  // Boost.Asio 1.74 uses std::exchange without it

#if defined(TRACKED_BOOST_ASIO)
#include <boost/asio.hpp>
namespace net = boost::asio;
#else
#include <asio.hpp>
namespace net = asio;
#endif

void other_file(net::io_context& loop);

#if defined(TRACKED_PART)

#include <loopwatch/no_loop_blocking.hpp>

void other_file(net::io_context& loop)
{
    loopwatch::no_loop_blocking guard{loop};
    post(loop, [] {});
    loop.run();
}

#else

int main()
{
    net::io_context loop;
    post(loop, [] {});
    other_file(loop);
}

#endif
