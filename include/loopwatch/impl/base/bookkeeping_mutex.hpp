// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <mutex>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Guards what the process notes of its blocks and the files that it reads and writes for that: suppressions,
/// baselines, what a CI page is told. Guards that begin, the reporter and the end of the process take it, holding no
/// other mutex of the library; a fork waits for it, so that the child finds it free. Held for as long as a small file
/// takes.
LOOPWATCH_SHARED inline std::mutex& bookkeeping_mutex()
{
    static std::mutex one;
    return one;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
