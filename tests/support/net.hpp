// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>  // Boost.Asio 1.74 uses std::exchange without it

// The integration tests are built with standalone Asio, with that in exact mode, and with Boost.Asio.
#if LOOPWATCH_TEST_BOOST_ASIO
#include <boost/asio.hpp>
namespace net = boost::asio;
#else
#include <asio.hpp>
namespace net = asio;
#endif

#include <loopwatch/loopwatch.hpp>

/// Whether it is exact mode.
#if defined(ASIO_CUSTOM_HANDLER_TRACKING)
inline constexpr bool handlers_are_written_down = LOOPWATCH_TRACKS_HANDLERS() != 0;
#else
inline constexpr bool handlers_are_written_down = false;
#endif
