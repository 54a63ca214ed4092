// SPDX-License-Identifier: BSL-1.0

/// \file
/// Runs a coroutine under a guard, as the body of a test. For the Asio that loopwatch.hpp chooses.

// No include guard around the whole: each inclusion checks anew which Asio was included.
#include "detail/include_asio.hpp"
#include "detail/suite/asio_library.hpp"

// Asio before 1.26 (Boost before 1.81) does not know that clang has coroutines, and has no awaitable then.
#if defined(__clang__) && defined(__cpp_impl_coroutine)
#if defined(ASIO_DETAIL_CONFIG_HPP) && !defined(ASIO_HAS_CO_AWAIT) && !defined(ASIO_DISABLE_CO_AWAIT)
#error \
    "This Asio has no coroutines with clang: define ASIO_HAS_CO_AWAIT and ASIO_HAS_STD_COROUTINE for all files, or ASIO_DISABLE_CO_AWAIT to do without"
#endif
#if defined(BOOST_ASIO_DETAIL_CONFIG_HPP) && !defined(BOOST_ASIO_HAS_CO_AWAIT) && !defined(BOOST_ASIO_DISABLE_CO_AWAIT)
#error \
    "This Boost.Asio has no coroutines with clang: define BOOST_ASIO_HAS_CO_AWAIT and BOOST_ASIO_HAS_STD_COROUTINE for all files, or BOOST_ASIO_DISABLE_CO_AWAIT to do without"
#endif
#endif

#ifndef LOOPWATCH_RUN_HPP
#define LOOPWATCH_RUN_HPP

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#if LOOPWATCH_HAS_EXCEPTIONS()
#include "detail/suite/outcome.hpp"
#include "no_loop_blocking.hpp"
#include "options.hpp"
#include "sinks.hpp"

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

template <typename Context>
concept can_be_driven = requires(Context& context) {
    context.get_executor();
    context.run_one_for(std::chrono::milliseconds{1});
    context.restart();
};

template <typename Body>
auto awaitable_of(Body& body)
{
    if constexpr (known_awaitable<Body>) {
        return std::move(body);
    } else {
        static_assert(std::invocable<Body&>,
                      "loopwatch::run takes an awaitable, or what returns one when called without arguments");
        using made = std::remove_cvref_t<std::invoke_result_t<Body&>>;
        static_assert(known_awaitable<made>,
                      "loopwatch::run: this does not return an awaitable of the Asio that was included above, or "
                      "that loopwatch/run.hpp found: include loopwatch/asio.hpp, or loopwatch/boost_asio.hpp");
        return std::invoke(body);
    }
}

template <typename Body>
using awaitable_of_t = decltype(awaitable_of(std::declval<Body&>()));

namespace lookup {
template <typename Executor, typename Awaitable, typename Done>
void spawn_on(Executor const& executor, Awaitable&& body, Done done)
{
    co_spawn(executor, std::forward<Awaitable>(body), std::move(done));
}
}  // namespace lookup

/// Runs the context until the coroutine has ended.
template <typename T, typename Context>
void drive(Context& context, outcome<T> const& of)
{
    using namespace std::chrono_literals;
    if (context.stopped()) context.restart();
    // Not run_one(): another thread that runs the context may finish the coroutine.
    while (!of.done.load(std::memory_order_acquire))
        if (context.run_one_for(10ms) == 0 && context.stopped() && !of.done.load(std::memory_order_acquire))
            throw std::logic_error{
                "loopwatch::run: the context was stopped, or had no more work, before the coroutine ended"};
}

template <typename Context, typename Awaitable>
auto run_on(Context& context, Awaitable body, std::shared_ptr<void const> made_by, options const& how)
{
    using library = asio_library<Awaitable>;
    using result = typename library::result;
    static_assert(!std::is_reference_v<result>, "loopwatch::run: Asio has no awaitables of references");

    auto const of = std::make_shared<outcome<result>>();
    no_loop_blocking guard{context, how};
    std::exception_ptr thrown;
    try {
        lookup::spawn_on(context.get_executor(),
                         keep_outcome<typename library::nothing>(std::move(body), of, std::move(made_by)),
                         [of](std::exception_ptr const&) { of->done.store(true, std::memory_order_release); });
        drive(context, *of);
        thrown = of->thrown;
    } catch (...) {
        thrown = std::current_exception();  // thrown by another handler, or by drive()
    }
    if (!thrown) {
        guard.finish();
        if constexpr (std::is_void_v<result>)
            return;
        else
            return std::move(*of->value);
    }
    try {
        guard.finish();
    } catch (loop_blocked_error const& seen) {
        for (block_report const& b : seen.blocks()) write_to_stderr(b, how.all_frames);
        rethrow_with_blocks<typename library::system_error>(thrown);
    }
    std::rethrow_exception(thrown);
}

}  // namespace detail

/// Runs a coroutine under a guard, on a new context, until the coroutine has ended, and returns its result.
///
///     int const size = loopwatch::run(download("logo.png"), {.threshold = 10ms});
///
/// `body`: an awaitable, or a callable without arguments that returns one; a lambda lives as long as the coroutine.
/// What the coroutine has started and not awaited is destroyed with the context.
///
/// Throws: what the body throws, with its own type; else loop_blocked_error if the loop was blocked; what a guard's
/// constructor throws; std::logic_error if the body stopped the context. If the body throws and there were blocks,
/// these are logged, and nested in the exception as by std::throw_with_nested(). Only exceptions of the standard
/// library, and Asio's system_error, can have them nested; any other, such as a test framework's, is thrown unchanged.
/// Thread safety: any thread. Cost to the loop: as for a guard.
template <typename Body>
auto run(Body body, options how = {})
{
    using awaitable = detail::awaitable_of_t<Body>;
    typename detail::asio_library<awaitable>::io_context context{1};
    auto const kept = std::make_shared<Body>(std::move(body));
    return detail::run_on(context, detail::awaitable_of(*kept), kept, how);
}

/// The same on the caller's context, which is run until the coroutine has ended, with all of its other handlers; it is
/// restarted if it was stopped. What another handler throws is thrown as if the body had thrown it.
///
/// Other threads may run the context, too. A thread_pool can't be given, as it runs itself: use co_spawn() with
/// use_future, and a guard.
template <typename Context, typename Body>
    requires(!std::same_as<std::remove_cvref_t<Body>, options>)
auto run(Context& context, Body body, options how = {})
{
    static_assert(detail::can_be_driven<Context>,
                  "loopwatch::run: the first argument must be an io_context, or what can be run like one");
    auto const kept = std::make_shared<Body>(std::move(body));
    return detail::run_on(context, detail::awaitable_of(*kept), kept, how);
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#else

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
template <typename... Arguments>
void run(Arguments&&...)
{
    static_assert(sizeof...(Arguments) > 99, "loopwatch::run needs exceptions: compile this file with -fexceptions");
}
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif

#include "detail/public_end.hpp"

#endif

#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/run.hpp"
#endif
