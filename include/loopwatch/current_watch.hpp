// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/calls_begin.hpp"
#include "detail/config.hpp"
#include "detail/loop.hpp"
#include "detail/suite/open_scope.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// The watch of the test that is running: of a whole suite that has a listener (catch2_listener.hpp, gtest.hpp), of a
/// fixture, or of one statement. It is the process's and not the thread's, because a test's loops may run on threads of
/// their own.
///
/// It sees the loops that have joined it, and no other:
/// - every watched_io_context, wherever and whenever it was made;
/// - what is given to add(), from then on until the test ends.
/// It can't see an io_context, a thread_pool or a strand that nobody has told it of, also if code under test makes it;
/// of two tests that run at the same time, which of them a block belongs to; nor what a loop of a static does before
/// the first test or between two of them.
class test_watch {
public:
    /// Watches a context, or whatever an executor runs on, until the test ends. Where no test is watched it does
    /// nothing and returns false, so that code which serves several programs may call it always. What was added
    /// already is not watched twice.
    ///
    /// Add a loop before you give it work: of handlers that were queued before, the first ones may run unseen.
    /// `name` stands for the loop in reports.
    ///
    /// Throws: what a guard's constructor throws. Thread safety: any thread. Cost to the loop: as of a guard.
    template <typename Loop>
    bool add(Loop&& loop, std::string_view name = {}) const
    {
        // As of a guard: frames further out than the context itself are not those of its handlers. An executor may be
        // anywhere, and tells nothing.
        std::uintptr_t guard_frame = LOOPWATCH_THIS_FRAME();
        if constexpr (detail::has_executor<std::remove_cvref_t<Loop>>)
            guard_frame = detail::calls_begin(&loop, guard_frame);
        bool added = false;
        for (auto const& each : detail::open_scopes()) added = detail::add_to(*each, loop, name, guard_frame) || added;
        return added;
    }

    /// Whether a test is being watched. Thread safety: any thread.
    [[nodiscard]] explicit operator bool() const { return !detail::open_scopes().empty(); }
};

/// `loopwatch::current_watch().add(ctx);`
[[nodiscard]] inline test_watch current_watch() noexcept { return {}; }

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/suite.hpp"
#endif
