// SPDX-License-Identifier: BSL-1.0
//
// A suite that is compiled with -fno-exceptions. Its test case is to fail.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <cstdlib>
#include <thread>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <doctest/doctest.h>

#include <loopwatch/doctest.hpp>

#if !defined(ASIO_SOURCE_LOCATION_PARAM)
#define ASIO_SOURCE_LOCATION_PARAM  // Asio before 1.28
#endif

// With ASIO_NO_EXCEPTIONS Asio leaves this to the program.
template <typename Exception>
void asio::detail::throw_exception(Exception const& /*what*/ ASIO_SOURCE_LOCATION_PARAM)
{
    std::abort();
}

using namespace std::chrono_literals;

TEST_CASE("fails" * loopwatch::must_not_block(20ms))
{
    loopwatch::watched_io_context loop;
    asio::post(loop, [] { std::this_thread::sleep_for(100ms); });
    loop.run();
}
