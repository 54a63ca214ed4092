// SPDX-License-Identifier: BSL-1.0

/// \file
/// An io_context that tests watch by themselves. For the Asio that loopwatch.hpp chooses.

// No include guard around the whole: each inclusion checks anew which Asio was included.
#include "detail/include_asio.hpp"

#ifndef LOOPWATCH_WATCHED_IO_CONTEXT_HPP
#define LOOPWATCH_WATCHED_IO_CONTEXT_HPP

#include "detail/public_begin.hpp"

#include "detail/config.hpp"
#include "detail/suite/known_loop.hpp"
#include "detail/suite/open_scope.hpp"

#include <concepts>
#include <cstdint>
#include <utility>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Registers a context by make_known() while it lives.
template <typename IoContext>
class membership {
public:
    explicit membership(IoContext& of) : known_{&of, &join} { make_known(known_); }
    membership(membership const&) = delete;
    membership& operator=(membership const&) = delete;
    ~membership() { forget(known_); }

private:
    static void join(void* context, scope& to)
    {
        // 0: until the first heartbeat has run, no frame of this thread is taken for the loop's. A guard takes the
        // frames of later calls for the loop's, as handlers may be queued before its first heartbeat. A new context has
        // none; and one made for many tests may not be used by this test: its heartbeat would wait, and it would be
        // blamed for what another loop does on this thread.
        static_cast<void>(add_to(to, *static_cast<IoContext*>(context), {}, 0));
    }

    known_loop known_;
};

}  // namespace detail

/// An io_context that every watched test watches while both exist: a local, a member of a fixture, a static, or in the
/// code under test. Of handlers queued before the test began, the first ones may run unseen.
///
/// Throws: what an io_context and a guard's constructor throw. Thread safety: as for an io_context. Cost to the loop:
/// as for a guard; two uncontended locks if no test is watched.
template <typename IoContext>
class basic_watched_io_context : public IoContext {
public:
    using base = IoContext;  ///< the io_context that it is

    /// With the context's own default.
    basic_watched_io_context() : membership_{*this} {}

    /// With what the context's constructor takes, such as a concurrency hint.
    template <typename... Args>
        requires(sizeof...(Args) > 0 && std::constructible_from<IoContext, Args...>)
    explicit basic_watched_io_context(Args&&... args) : IoContext(std::forward<Args>(args)...), membership_{*this}
    {
    }

private:
    detail::membership<IoContext> membership_;  // destroyed before the base, while the context is whole
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

#endif

// If both are included above, standalone Asio's.
#if !defined(LOOPWATCH_HAS_WATCHED_IO_CONTEXT) && (defined(ASIO_IO_CONTEXT_HPP) || defined(BOOST_ASIO_IO_CONTEXT_HPP))
#define LOOPWATCH_HAS_WATCHED_IO_CONTEXT
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
/// The included Asio's io_context, watched by tests: see basic_watched_io_context.
#if defined(ASIO_IO_CONTEXT_HPP)
using watched_io_context = basic_watched_io_context<::asio::io_context>;
#else
using watched_io_context = basic_watched_io_context<::boost::asio::io_context>;
#endif
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
#endif

#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/suite.hpp"
#endif
