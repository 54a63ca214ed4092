// SPDX-License-Identifier: BSL-1.0

/// \file
/// Lets reports show which coroutines await the one that blocks: registers the layout of the awaitables of the included
/// Asio (detail/include_asio.hpp) for the process. It is enough that one source file of the program includes this
/// header, or loopwatch.hpp, before or after Asio.

// No include guard around the whole: each inclusion checks anew which Asio was included. The variables below have
// internal linkage, and so may differ between translation units.
#include "detail/include_asio.hpp"

#ifndef LOOPWATCH_COROUTINES_HPP
#define LOOPWATCH_COROUTINES_HPP

#include "detail/public_begin.hpp"

#include "detail/coroutine/awaitable_layout.hpp"
#include "detail/coroutine/layout_probe.hpp"

#include "detail/public_end.hpp"

#endif

#if defined(ASIO_IMPL_AWAITABLE_HPP) && defined(ASIO_HAS_STD_COROUTINE) && !defined(LOOPWATCH_KNOWS_ASIO_AWAITABLE)
#define LOOPWATCH_KNOWS_ASIO_AWAITABLE
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
[[maybe_unused]] static bool const knows_asio_awaitable = [] {
    static constexpr auto layout = awaitable_layout_of<std::coroutine_traits<::asio::awaitable<void>>::promise_type>();
    return remember(layout);
}();
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif

#if defined(BOOST_ASIO_IMPL_AWAITABLE_HPP) && defined(BOOST_ASIO_HAS_STD_COROUTINE) && \
    !defined(LOOPWATCH_KNOWS_BOOST_ASIO_AWAITABLE)
#define LOOPWATCH_KNOWS_BOOST_ASIO_AWAITABLE
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
[[maybe_unused]] static bool const knows_boost_asio_awaitable = [] {
    static constexpr auto layout =
        awaitable_layout_of<std::coroutine_traits<::boost::asio::awaitable<void>>::promise_type>();
    return remember(layout);
}();
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif
