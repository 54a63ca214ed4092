// SPDX-License-Identifier: BSL-1.0
//
// Includes the Asio whose names the including header needs: what was included above, standalone Asio, Boost.Asio or
// both; else the installed one, standalone Asio before Boost's; with LOOPWATCH_BOOST_ASIO always Boost.Asio. If there
// is none, nothing.
//
// No include guard around the whole: each inclusion checks anew which Asio was included.

#if defined(LOOPWATCH_BOOST_ASIO) || defined(BOOST_ASIO_DETAIL_CONFIG_HPP) || \
    (!defined(ASIO_DETAIL_CONFIG_HPP) && !__has_include(<asio.hpp>) && __has_include(<boost/asio.hpp>))
#include <utility>  // Boost.Asio 1.74 uses std::exchange without it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#endif

#if defined(ASIO_DETAIL_CONFIG_HPP) || (!defined(BOOST_ASIO_DETAIL_CONFIG_HPP) && __has_include(<asio.hpp>))
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#endif

#include "asio_at_hand.hpp"
