// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstddef>
#include <cstdio>
#include <string_view>

#if LOOPWATCH_HAS_FORK()
#include <cerrno>
#include <poll.h>
#include <unistd.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

#if LOOPWATCH_HAS_FORK()
/// Waits for a second at most. Standard error does not wait by itself if some program that shares it, as a shell's
/// other ones, has set O_NONBLOCK.
inline bool has_room(int file) noexcept
{
    pollfd wanted{file, POLLOUT, 0};
    return ::poll(&wanted, 1, 1000) > 0;
}

/// Writes the text by one system call, so that texts of several writers don't interleave; by more only if the system
/// wrote just a part. False, with errno: not all of it was written.
inline bool write_whole(int to, std::string_view text) noexcept
{
    while (!text.empty()) {
        auto const written = ::write(to, text.data(), text.size());
        if (written < 0 && (errno == EINTR || (errno == EAGAIN && has_room(to)))) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}
#endif

/// Writes to standard error. False: not all of it could be written.
inline bool write_whole(std::string_view text) noexcept
{
#if LOOPWATCH_HAS_FORK()
    return write_whole(STDERR_FILENO, text);
#else
    bool const written = std::fwrite(text.data(), 1, text.size(), stderr) == text.size();
    return std::fflush(stderr) == 0 && written;
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
