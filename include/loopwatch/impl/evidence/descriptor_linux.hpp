// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "reading.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string_view>

#include <sys/socket.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline void ask_address(int (*ask)(int, sockaddr*, socklen_t*), int number, socket_address& to)
{
    auto length = static_cast<socklen_t>(to.bytes.size());
    if (ask(number, reinterpret_cast<sockaddr*>(to.bytes.data()), &length) == 0)
        to.size = std::min<std::size_t>(length, to.bytes.size());
}

/// What a descriptor of this process refers to. Takes microseconds.
[[nodiscard]] inline descriptor_reading read_descriptor(int number)
{
    descriptor_reading d;
    d.number = number;
    fixed<char, 32> name{};
    std::snprintf(name.data(), name.size(), "/proc/thread-self/fd/%d", number);
    fixed<char, 128> link{};
    auto const size = ::readlink(name.data(), link.data(), link.size());
    if (size > 0) d.link = std::string_view{link.data(), static_cast<std::size_t>(size)};
    if (!d.link.empty() && !d.link.view().starts_with("socket:")) return d;
    socklen_t length = sizeof d.socket_type;
    d.is_socket = ::getsockopt(number, SOL_SOCKET, SO_TYPE, &d.socket_type, &length) == 0;
    if (!d.is_socket) return d;
    ask_address(&::getsockname, number, d.local);
    ask_address(&::getpeername, number, d.peer);
    return d;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
