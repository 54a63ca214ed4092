// SPDX-License-Identifier: BSL-1.0
//
// What must be known of Asio by name, to make a context for an awaitable: of standalone Asio, of Boost.Asio, of both,
// or of none, whatever has been included above. No include guard around the whole: that is asked each time. Each
// specialization says the same wherever it is made, so translation units with different Asios agree.
#include "../config.hpp"

#ifndef LOOPWATCH_DETAIL_SUITE_ASIO_LIBRARY_HPP
#define LOOPWATCH_DETAIL_SUITE_ASIO_LIBRARY_HPP
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Of an awaitable: its result, the awaitable of nothing on the same executor, its library's context and error.
template <typename Awaitable>
struct asio_library;

template <typename T>
concept known_awaitable = requires { typename asio_library<T>::io_context; };

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif

#if defined(ASIO_IO_CONTEXT_HPP) && defined(ASIO_AWAITABLE_HPP) && defined(ASIO_HAS_CO_AWAIT) && \
    !defined(LOOPWATCH_NAMES_ASIO)
#define LOOPWATCH_NAMES_ASIO
#include <system_error>
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
template <typename T, typename Executor>
struct asio_library<::asio::awaitable<T, Executor>> {
    using result = T;
    using nothing = ::asio::awaitable<void, Executor>;
    using io_context = ::asio::io_context;
    using system_error = std::system_error;
};
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif

#if defined(BOOST_ASIO_IO_CONTEXT_HPP) && defined(BOOST_ASIO_AWAITABLE_HPP) && defined(BOOST_ASIO_HAS_CO_AWAIT) && \
    !defined(LOOPWATCH_NAMES_BOOST_ASIO)
#define LOOPWATCH_NAMES_BOOST_ASIO
#include <boost/system/system_error.hpp>
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
template <typename T, typename Executor>
struct asio_library<::boost::asio::awaitable<T, Executor>> {
    using result = T;
    using nothing = ::boost::asio::awaitable<void, Executor>;
    using io_context = ::boost::asio::io_context;
    using system_error = ::boost::system::system_error;
};
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif
