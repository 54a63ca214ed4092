// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstdlib>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The value of an environment variable; null if it is not set. Also null if the program has more rights than its
/// caller (set-user-ID, set-group-ID, file capabilities), who could otherwise choose the files that it reads and
/// writes.
inline char const* environment_variable(char const* name)
{
#if LOOPWATCH_HAS_LINUX()
    return ::secure_getenv(name);  // NOLINT(concurrency-mt-unsafe)
#else
    return std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
