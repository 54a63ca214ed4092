// SPDX-License-Identifier: BSL-1.0
// The library itself, where it is compiled apart.
#if LOOPWATCH_TEST_BOOST_ASIO
#include <utility>  // Boost.Asio 1.74 uses std::exchange without it

#include <boost/asio/impl/src.hpp>
#else
#include <asio/impl/src.hpp>
#endif
