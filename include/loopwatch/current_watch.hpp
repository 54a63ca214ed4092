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

/// The watch of the running test: made by a suite's listener (catch2_listener.hpp, gtest.hpp), a fixture, or a
/// statement. There is one for the process and not for each thread, as a test's loops may run on threads of their own.
///
/// It sees these loops, and no others:
/// - every watched_io_context, wherever and whenever it was made;
/// - what is given to add(), from then on until the test ends.
/// It does not see an io_context, a thread_pool or a strand that was not added, also if code under test makes it; nor
/// what the loop of a static does before the first test or between tests. If two tests run at the same time, it can't
/// tell to which of them a block belongs.
class test_watch {
public:
    /// Watches a context, or what an executor runs on, until the test ends. If no test is watched it does nothing and
    /// returns false, so that code shared by several programs may always call it. A context is not watched twice.
    ///
    /// Add a loop before you give it work: of handlers queued before, the first ones may run unseen.
    /// `name`: the loop's name in reports.
    ///
    /// Throws: what a guard's constructor throws. Thread safety: any thread. Cost to the loop: as for a guard.
    template <typename Loop>
    bool add(Loop&& loop, std::string_view name = {}) const
    {
        // As for a guard: stack frames above the context itself are not those of its handlers. An executor's address
        // says nothing of the kind.
        std::uintptr_t guard_frame = LOOPWATCH_THIS_FRAME();
        if constexpr (detail::has_executor<std::remove_cvref_t<Loop>>)
            guard_frame = detail::calls_begin(&loop, guard_frame);
        bool added = false;
        for (auto const& each : detail::open_scopes()) added = detail::add_to(*each, loop, name, guard_frame) || added;
        return added;
    }

    /// Whether a test is being watched. Throws: std::bad_alloc. Thread safety: any thread. Cost to the loop: none,
    /// unless called on it: an uncontended lock.
    [[nodiscard]] explicit operator bool() const { return !detail::open_scopes().empty(); }
};

/// The watch of the running test: `loopwatch::current_watch().add(ctx);` Thread safety: any thread.
[[nodiscard]] inline test_watch current_watch() noexcept { return {}; }

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/suite.hpp"
#endif
