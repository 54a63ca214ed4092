// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "block_report.hpp"
#include "detail/config.hpp"
#include "detail/suite/collecting_watch.hpp"
#include "options.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Watches a context, or what an executor runs on, during a call of `work`, and returns the blocks that it saw.
///
///     auto const blocks = loopwatch::blocks_during(ctx, [&] { ctx.run(); }, {.threshold = 10ms});
///
/// Blocks are neither logged nor raised, whatever the action. A block still under way when `work` returns counts, up to
/// then. Excused waits are left out. What `work` returns is ignored.
///
/// Throws: what `work` throws, and then the blocks are lost; what a guard's constructor throws; std::bad_alloc.
/// Thread safety: any thread. Cost to the loop: as for a guard.
template <typename Loop, std::invocable Work>
[[nodiscard]] std::vector<block_report> blocks_during(Loop&& loop, Work&& work, options how = {})
{
    detail::collecting_watch watch{loop, detail::effective(how), LOOPWATCH_THIS_FRAME()};
    static_cast<void>(std::invoke(std::forward<Work>(work)));
    watch.end();
    return watch.blocks();
}

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"

#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/suite.hpp"
#endif
