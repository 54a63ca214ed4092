// SPDX-License-Identifier: BSL-1.0
//
// Lets reports show which coroutines await the one that blocks. Includes nothing of Asio's: it looks whether
// asio::awaitable, or Boost.Asio's, has been included above. So include it, or loopwatch.hpp, after Asio in at least
// one source file of the program; that file may know either Asio or both, and the order does not matter elsewhere.
//
// No include guard around the whole: what Asio there is is asked each time. What is below has internal linkage and so
// may differ from one translation unit to the next.
#include "detail/coroutine/awaitable_layout.hpp"
#include "detail/coroutine/layout_probe.hpp"

#if defined(ASIO_IMPL_AWAITABLE_HPP) && defined(ASIO_HAS_STD_COROUTINE) && !defined(LOOPWATCH_KNOWS_ASIO_AWAITABLE)
#define LOOPWATCH_KNOWS_ASIO_AWAITABLE
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
[[maybe_unused]] static bool const knows_asio_awaitable = [] {
    constexpr auto layout = awaitable_layout_of<std::coroutine_traits<::asio::awaitable<void>>::promise_type>();
    return layout && process_awaitable_layouts.add(*layout);
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
    constexpr auto layout = awaitable_layout_of<std::coroutine_traits<::boost::asio::awaitable<void>>::promise_type>();
    return layout && process_awaitable_layouts.add(*layout);
}();
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif
