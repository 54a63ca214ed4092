// SPDX-License-Identifier: BSL-1.0
//
// Sees to it that Asio is there, of which the headers that include this one must know some names: what was included
// above, standalone Asio, Boost.Asio or both; else the one that is installed, standalone Asio before Boost's;
// Boost.Asio in any case where LOOPWATCH_BOOST_ASIO is defined. Nothing where there is none.
//
// No include guard around the whole: what Asio there is is asked each time.

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
