// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstdint>

#if LOOPWATCH_HAS_FORK()
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Distinguishes the child of a fork from its parent. Constant on platforms without fork.
inline std::int64_t process_id() noexcept
{
#if LOOPWATCH_HAS_FORK()
    return ::getpid();
#else
    return 0;
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
