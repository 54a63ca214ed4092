// SPDX-License-Identifier: BSL-1.0
//
// Code that must name Asio's own types, for each Asio that was included above: standalone Asio, Boost.Asio, or both.
// The rest of the library finds it by argument-dependent lookup with asio_at_hand, where a guard is compiled, and does
// without what is not found. But for post() and dispatch(), which a file with no more than a context may lack: these
// are included here.
//
// No include guard around the whole: each inclusion checks anew which Asio was included.

#ifndef LOOPWATCH_DETAIL_ASIO_AT_HAND_HPP
#define LOOPWATCH_DETAIL_ASIO_AT_HAND_HPP
#include "config.hpp"

#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
struct asio_at_hand {};

/// The names (asio_names or boost_asio_names) of the Asio that a context belongs to.
template <typename Context>
using names_of = decltype(names_at_hand(asio_at_hand{}, std::declval<Context const&>()));

template <typename Context>
concept has_names = requires { typename names_of<Context>; };

/// What Asio's handler tracking does.
enum class handler_tracking {
    off,
    logs,        // Asio's own, or the user's: would tell of each heartbeat that is posted
    writes_down  // threads write down which handlers they run: exact_tracking.hpp
};

template <typename Context>
constexpr handler_tracking tracking_of()
{
    if constexpr (has_names<Context>)
        return names_of<Context>::tracking;
    else
        return handler_tracking::off;
}

/// A context's scheduler; null for a context of the user's own that has none.
template <typename Names, typename Context>
LOOPWATCH_INLINED auto scheduler_of(Context& context) -> typename Names::scheduler*
{
    using scheduler = typename Names::scheduler;
    return has_service<scheduler>(context) ? &use_service<scheduler>(context) : nullptr;
}
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif

#if defined(ASIO_EXECUTION_CONTEXT_HPP)
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#endif
#if defined(BOOST_ASIO_EXECUTION_CONTEXT_HPP)
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#endif

// With Windows' completion ports Asio has no such scheduler.
#if defined(ASIO_EXECUTION_CONTEXT_HPP) && !defined(ASIO_HAS_IOCP) && !defined(LOOPWATCH_KNOWS_ASIO)
#define LOOPWATCH_KNOWS_ASIO
#include <asio/detail/scheduler.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>
#if __has_include(<asio/config.hpp>)
#include <asio/config.hpp>
#endif
#if LOOPWATCH_HAS_UNWINDER() && !defined(LOOPWATCH_TRACKS_ASIO)  // see exact_tracking.hpp
extern "C" {
[[gnu::used,
  gnu::visibility("hidden")]] inline thread_local char loopwatch_exact_has_asio_in_some_files_and_not_in_others = 0;
}
#endif
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
struct asio_names {
    using scheduler = ::asio::detail::scheduler;
    using operation = ::asio::detail::scheduler_operation;
    using error_code = ::asio::error_code;
    static constexpr char const* macros = "ASIO_";
#if defined(LOOPWATCH_TRACKS_ASIO)
    static constexpr auto tracking = handler_tracking::writes_down;
#elif defined(ASIO_ENABLE_HANDLER_TRACKING) || defined(ASIO_CUSTOM_HANDLER_TRACKING)
    static constexpr auto tracking = handler_tracking::logs;
#else
    static constexpr auto tracking = handler_tracking::off;
#endif
#if __has_include(<asio/config.hpp>)
    using config = ::asio::config;
#endif
};
asio_names names_at_hand(asio_at_hand, ::asio::execution_context const&);

template <typename Executor>
    requires(::asio::can_query_v<Executor const&, ::asio::execution::context_t>)
decltype(auto) queried_context(asio_at_hand, Executor const& executor)
{
    return ::asio::query(executor, ::asio::execution::context);
}
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif

#if defined(BOOST_ASIO_EXECUTION_CONTEXT_HPP) && !defined(BOOST_ASIO_HAS_IOCP) && !defined(LOOPWATCH_KNOWS_BOOST_ASIO)
#define LOOPWATCH_KNOWS_BOOST_ASIO
#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#if __has_include(<boost/asio/config.hpp>)
#include <boost/asio/config.hpp>
#endif
#if LOOPWATCH_HAS_UNWINDER() && !defined(LOOPWATCH_TRACKS_BOOST_ASIO)  // see exact_tracking.hpp
extern "C" {
[[gnu::used,
  gnu::visibility("hidden")]] inline thread_local char loopwatch_exact_has_boost_asio_in_some_files_and_not_in_others =
    0;
}
#endif
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
struct boost_asio_names {
    using scheduler = ::boost::asio::detail::scheduler;
    using operation = ::boost::asio::detail::scheduler_operation;
    using error_code = ::boost::system::error_code;
    static constexpr char const* macros = "BOOST_ASIO_";
#if defined(LOOPWATCH_TRACKS_BOOST_ASIO)
    static constexpr auto tracking = handler_tracking::writes_down;
#elif defined(BOOST_ASIO_ENABLE_HANDLER_TRACKING) || defined(BOOST_ASIO_CUSTOM_HANDLER_TRACKING)
    static constexpr auto tracking = handler_tracking::logs;
#else
    static constexpr auto tracking = handler_tracking::off;
#endif
#if __has_include(<boost/asio/config.hpp>)
    using config = ::boost::asio::config;
#endif
};
boost_asio_names names_at_hand(asio_at_hand, ::boost::asio::execution_context const&);

template <typename Executor>
    requires(::boost::asio::can_query_v<Executor const&, ::boost::asio::execution::context_t>)
decltype(auto) queried_context(asio_at_hand, Executor const& executor)
{
    return ::boost::asio::query(executor, ::boost::asio::execution::context);
}
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif
