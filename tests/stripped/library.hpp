// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // Boost.Asio 1.74 uses std::exchange without it

#if LOOPWATCH_TEST_BOOST_ASIO
#include <boost/asio.hpp>
namespace library_net = boost::asio;
#else
#include <asio.hpp>
namespace library_net = asio;
#endif

// A library as a package installs it: all that is known of its code is what it exports.
#define STRIPPED_API extern "C" __attribute__((visibility("default")))

/// Calls it in a handler of its own.
STRIPPED_API void stripped_call_soon(library_net::io_context& in, void (*callback)());

/// Sleeps in a handler of its own.
STRIPPED_API void stripped_sleep_soon(library_net::io_context& in, int milliseconds);
STRIPPED_API void stripped_sleep(int milliseconds);

/// Runs it with its own copy of Asio.
STRIPPED_API void stripped_run(library_net::io_context& ctx);
