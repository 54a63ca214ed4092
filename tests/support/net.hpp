// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // Boost.Asio 1.74 uses std::exchange without it

// The integration tests are built twice: `net` is standalone Asio, or Boost.Asio.
#if LOOPWATCH_TEST_BOOST_ASIO
#include <boost/asio.hpp>
namespace net = boost::asio;
#else
#include <asio.hpp>
namespace net = asio;
#endif

#include <loopwatch/loopwatch.hpp>
