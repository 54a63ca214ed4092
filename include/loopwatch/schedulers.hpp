// SPDX-License-Identifier: BSL-1.0
//
// Lets the library know which threads run a loop, and whether they do now: tells it by what the Asio at hand
// (detail/include_asio.hpp) knows its loops, and where it keeps the list of those that a thread runs. One source file
// of the program that includes it, or loopwatch.hpp, is enough; in it the order does not matter.
//
// No include guard around the whole: what Asio there is is asked each time. What is below has internal linkage and so
// may differ from one translation unit to the next.
#include "detail/include_asio.hpp"

#ifndef LOOPWATCH_SCHEDULERS_HPP
#define LOOPWATCH_SCHEDULERS_HPP

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "detail/maybe.hpp"
#include "detail/run_list/list_search.hpp"
#include "detail/run_list/scheduler_identity.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The list's type is a protected member's of what schedulers are derived from: a derived class may name it. Never
/// constructed. An Asio that is made differently gives nothing.
template <typename ThreadContext, typename ThreadInfo>
struct run_list_probe : ThreadContext {
    template <typename Self = run_list_probe>
    static maybe<std::ptrdiff_t> place()
    {
        if constexpr (requires { typename Self::thread_call_stack::context; }) {
            using element = typename Self::thread_call_stack::context;
            if constexpr (std::is_constructible_v<element, ThreadContext*, ThreadInfo&> &&
                          sizeof(element) == list_search::element_size) {
                static maybe<std::ptrdiff_t> const found = [] {
                    // Asio does not get to see them: no function of it is called meanwhile.
                    list_search search;
                    void* const nobody = &search;
                    auto* const key = static_cast<ThreadContext*>(nobody);
                    auto& value = *static_cast<ThreadInfo*>(nobody);
                    element const first{key, value};
                    search.entered(&first, key);
                    element const second{key, value};
                    search.entered(&second, key);
                    return search.found();
                }();
                return found;
            }
        }
        return nothing;
    }
};

template <typename Scheduler, typename ThreadContext, typename ThreadInfo, typename AsioContext>
scheduler_identity find_scheduler(void* context)
{
    auto& of = *static_cast<AsioContext*>(context);
    // Asked first, for use_service() would make one.
    if (!has_service<Scheduler>(of)) return {};
    auto const list = run_list_probe<ThreadContext, ThreadInfo>::place();
    if (!list) return {};
    ThreadContext* const key = &use_service<Scheduler>(of);
    return {reinterpret_cast<std::uintptr_t>(key), sizeof(Scheduler), *list};
}

template <typename Scheduler, typename ThreadContext, typename ThreadInfo, typename AsioContext>
bool tell_of_scheduler() noexcept
{
    // The first stays: it is of a library that is not unloaded, where others share this variable with it.
    std::intptr_t none = 0;
    return finder_for<AsioContext>.compare_exchange_strong(
        none, reinterpret_cast<std::intptr_t>(&find_scheduler<Scheduler, ThreadContext, ThreadInfo, AsioContext>),
        std::memory_order_acq_rel);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

#endif

#if LOOPWATCH_HAS_UNWINDER() && defined(ASIO_DETAIL_CONFIG_HPP) && !defined(LOOPWATCH_KNOWS_ASIO_SCHEDULERS)
#define LOOPWATCH_KNOWS_ASIO_SCHEDULERS
#include <asio/detail/scheduler.hpp>
#include <asio/detail/thread_context.hpp>
#include <asio/detail/thread_info_base.hpp>
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
[[maybe_unused]] static bool const knows_asio_schedulers =
    tell_of_scheduler<::asio::detail::scheduler, ::asio::detail::thread_context, ::asio::detail::thread_info_base,
                      ::asio::execution_context>();
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif

#if LOOPWATCH_HAS_UNWINDER() && defined(BOOST_ASIO_DETAIL_CONFIG_HPP) && !defined(LOOPWATCH_KNOWS_BOOST_ASIO_SCHEDULERS)
#define LOOPWATCH_KNOWS_BOOST_ASIO_SCHEDULERS
#include <boost/asio/detail/scheduler.hpp>
#include <boost/asio/detail/thread_context.hpp>
#include <boost/asio/detail/thread_info_base.hpp>
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {
[[maybe_unused]] static bool const knows_boost_asio_schedulers =
    tell_of_scheduler<::boost::asio::detail::scheduler, ::boost::asio::detail::thread_context,
                      ::boost::asio::detail::thread_info_base, ::boost::asio::execution_context>();
}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif
