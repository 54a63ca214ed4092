// expect: without post.. and dispatch..: include loopwatch/asio.hpp, or loopwatch/boost_asio.hpp
// one error
#include <loopwatch/no_loop_blocking.hpp>
// Below, and not sorted above it:
#include <boost/asio/io_context.hpp>
boost::asio::io_context ctx;
loopwatch::no_loop_blocking guard{ctx};
