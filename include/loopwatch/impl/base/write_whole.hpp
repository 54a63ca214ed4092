// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstddef>
#include <cstdio>
#include <string_view>

#if LOOPWATCH_HAS_FORK()
#include <cerrno>
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

#if LOOPWATCH_HAS_FORK()
/// Writes the text by one system call, so that texts of several writers don't interleave; by more only if the system
/// wrote just a part.
inline void write_whole(int to, std::string_view text) noexcept
{
    while (!text.empty()) {
        auto const written = ::write(to, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}
#endif

/// Writes to standard error.
inline void write_whole(std::string_view text) noexcept
{
#if LOOPWATCH_HAS_FORK()
    write_whole(STDERR_FILENO, text);
#else
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
