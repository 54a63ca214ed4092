// SPDX-License-Identifier: BSL-1.0
//
// A suite that is compiled with -fno-exceptions. Its test case is to fail.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "without_exceptions/asio_throws.hpp"

#include <thread>

#include <asio/post.hpp>
#include <doctest/doctest.h>

#include <loopwatch/doctest.hpp>

using namespace std::chrono_literals;

TEST_CASE("fails" * loopwatch::must_not_block(20ms))
{
    loopwatch::watched_io_context loop;
    asio::post(loop, [] { std::this_thread::sleep_for(100ms); });
    loop.run();
}
