// SPDX-License-Identifier: BSL-1.0
//
// The Asio types needed to make a context for an awaitable, for each Asio included above: standalone Asio, Boost.Asio,
// both or none. No include guard around the whole: each inclusion checks anew which Asio was included. Specializations
// are the same wherever they are made, so translation units with different Asios agree.
#include "../config.hpp"

#ifndef LOOPWATCH_DETAIL_SUITE_ASIO_LIBRARY_HPP
#define LOOPWATCH_DETAIL_SUITE_ASIO_LIBRARY_HPP
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// For an awaitable: its result, the awaitable<void> with the same executor, its library's io_context and system_error.
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
