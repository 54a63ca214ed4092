// SPDX-License-Identifier: BSL-1.0
//
// An io_context that tests know of: of standalone Asio, or of Boost.Asio, as loopwatch.hpp chooses.
//
// No include guard around the whole: what Asio there is is asked each time.
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

/// Makes a context known as long as it lives.
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
        // No frame of this thread is believed to be the loop's until its first heartbeat has run. A guard believes the
        // frames further in than itself, because the loop may have handlers queued before the heartbeat. But a context
        // that has just been made has none; and one that was made for many tests may not be used by this one at all:
        // its heartbeat would wait, and it would be blamed for what another loop on this thread does.
        static_cast<void>(add_to(to, *static_cast<IoContext*>(context), {}, 0));
    }

    known_loop known_;
};

}  // namespace detail

/// An io_context that every watched test watches, from whenever the test begins or the context is made: as a local, in
/// a fixture, in a static, in the code under test. Where no test is watched it costs two uncontended locks.
///
/// Of handlers that were queued before the test began, the first ones may run unseen.
///
/// Throws: what an io_context throws, and a guard's constructor. Thread safety: as of an io_context.
template <typename IoContext>
class basic_watched_io_context : public IoContext {
public:
    using base = IoContext;

    basic_watched_io_context() : membership_{*this} {}

    template <typename... Args>
        requires(sizeof...(Args) > 0 && std::constructible_from<IoContext, Args...>)
    explicit basic_watched_io_context(Args&&... args) : IoContext(std::forward<Args>(args)...), membership_{*this}
    {
    }

private:
    detail::membership<IoContext> membership_;  // goes first, while the context is whole
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

#endif

// With both above it, standalone Asio's.
#if !defined(LOOPWATCH_HAS_WATCHED_IO_CONTEXT) && (defined(ASIO_IO_CONTEXT_HPP) || defined(BOOST_ASIO_IO_CONTEXT_HPP))
#define LOOPWATCH_HAS_WATCHED_IO_CONTEXT
namespace loopwatch {
inline namespace LOOPWATCH_ABI {
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
