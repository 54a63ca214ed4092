// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/clock.hpp"
#include "../base/parse_number.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if LOOPWATCH_HAS_LINUX()
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// What systemd asks of a service, and how it is answered: sd_notify(3) and sd_watchdog_enabled(3), whose protocol is
// documented and stable. Pure.

/// After how long without a sign of life systemd ends this process; nothing if it does not. `usec`, `pid`: the values
/// of $WATCHDOG_USEC and $WATCHDOG_PID, empty if they are not set.
inline maybe<nanoseconds> watchdog_timeout(std::string_view usec, std::string_view pid, std::int64_t own_pid)
{
    if (!pid.empty()) {
        auto const meant = parse_number(pid);
        if (!meant || *meant != static_cast<std::uint64_t>(own_pid)) return nothing;
    }
    auto const timeout = parse_number(usec);
    // So long that it is none, and that nanoseconds would overflow.
    constexpr std::uint64_t most = 1'000'000ULL * 3600 * 24 * 365 * 100;
    if (!timeout || *timeout == 0 || *timeout > most) return nothing;
    return nanoseconds{std::chrono::microseconds{static_cast<std::int64_t>(*timeout)}};
}

#if LOOPWATCH_HAS_LINUX()

struct socket_name {
    sockaddr_un address{};
    socklen_t size{};
};

/// Of $NOTIFY_SOCKET: a path, or a name of the abstract namespace that begins with '@'. Nothing if it is neither.
inline maybe<socket_name> notify_address(std::string_view given)
{
    socket_name to;
    to.address.sun_family = AF_UNIX;
    bool const is_path = given.starts_with('/');
    bool const is_abstract = given.starts_with('@') && given.size() > 1;
    // A path has a zero at its end.
    if (!(is_path || is_abstract) || given.size() + (is_path ? 1 : 0) > sizeof to.address.sun_path) return nothing;
    std::memcpy(to.address.sun_path, given.data(), given.size());
    if (is_abstract) to.address.sun_path[0] = '\0';
    to.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + given.size() + (is_path ? 1 : 0));
    return to;
}

#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
