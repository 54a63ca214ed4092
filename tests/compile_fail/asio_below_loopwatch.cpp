// expect: this loop's Asio was included below loopwatch, and without post.. and dispatch..: include loopwatch/asio.hpp
// one error
#include <loopwatch/no_loop_blocking.hpp>
// Below, and not sorted above it:
#include <asio/io_context.hpp>
asio::io_context ctx;
loopwatch::no_loop_blocking guard{ctx};
