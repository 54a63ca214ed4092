// SPDX-License-Identifier: BSL-1.0

/// \file
/// Lets the library find out which threads run a loop: registers how the included Asio (detail/include_asio.hpp)
/// identifies its loops, and where it keeps the list of those that a thread runs. It is enough that one source file of
/// the program includes this header, or loopwatch.hpp, before or after Asio.

// No include guard around the whole: each inclusion checks anew which Asio was included. The variables below have
// internal linkage, and so may differ between translation units.
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

/// Finds where the list is. Its type is a protected member of the scheduler's base class, which a derived class may
/// name. Never constructed. With an Asio that has other internals the result is empty.
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
                    // No function of Asio's is called while these elements exist, so it never sees them.
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
    // Checked first, as use_service() would create one.
    if (!has_service<Scheduler>(of)) return {};
    auto const list = run_list_probe<ThreadContext, ThreadInfo>::place();
    if (!list) return {};
    ThreadContext* const key = &use_service<Scheduler>(of);
    return {reinterpret_cast<std::uintptr_t>(key), sizeof(Scheduler), *list};
}

template <typename Scheduler, typename ThreadContext, typename ThreadInfo, typename AsioContext>
bool tell_of_scheduler() noexcept
{
    // The first one is kept: the module that shares its variable with others is never unloaded.
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
