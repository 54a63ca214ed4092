// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <mutex>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Protects the process's record of its blocks, and the files that are read and written for it: suppressions,
/// baselines, the report for a CI page. Locked by the constructors of guards, by the reporter and at the end of the
/// process, with no other mutex of the library held. A fork waits for it, so that it is free in the child. Held for no
/// longer than reading or writing a small file takes.
LOOPWATCH_SHARED inline std::mutex& bookkeeping_mutex()
{
    static std::mutex one;
    return one;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
