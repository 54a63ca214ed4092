// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/formatted.hpp"
#include "../base/printable.hpp"
#include "../base/view.hpp"
#include "reading.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Socket addresses as text, from Linux's layout (ip(7), ipv6(7), unix(7)). Pure.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

enum class address_family : std::uint16_t { none = 0, unix_domain = 1, ip = 2, ip6 = 10, netlink = 16, vsock = 40 };

[[nodiscard]] inline address_family family_of(socket_address const& a)
{
    // In the byte order of the machine: only little-endian ones are supported.
    if (a.size < 2) return address_family::none;
    return static_cast<address_family>(std::to_integer<unsigned>(a.bytes[0]) | std::to_integer<unsigned>(a.bytes[1])
                                                                                   << 8);
}

/// A number of two bytes, the most significant one first.
[[nodiscard]] inline unsigned big_endian(view<std::byte const> bytes, std::size_t at)
{
    return std::to_integer<unsigned>(bytes[at]) << 8 | std::to_integer<unsigned>(bytes[at + 1]);
}

inline std::string describe_ip(view<std::byte const> four, unsigned port)
{
    return formatted("{}.{}.{}.{}:{}", {std::to_integer<unsigned>(four[0]), std::to_integer<unsigned>(four[1]),
                                        std::to_integer<unsigned>(four[2]), std::to_integer<unsigned>(four[3]), port});
}

/// RFC 5952: the longest run of at least two zeros is left out.
inline std::string describe_ip6(view<std::byte const> sixteen, unsigned scope, unsigned port)
{
    std::size_t run_at = 8;
    std::size_t run_size = 1;
    for (std::size_t i = 0; i < 8; ++i) {
        std::size_t end = i;
        while (end < 8 && big_endian(sixteen, 2 * end) == 0) ++end;
        if (end - i > run_size) {
            run_at = i;
            run_size = end - i;
        }
    }
    std::string text;
    for (std::size_t i = 0; i < 8; ++i) {
        if (i == run_at) {
            text += "::";
            i += run_size - 1;
            continue;
        }
        if (!text.empty() && !text.ends_with(':')) text += ':';
        text += formatted("{:x}", {big_endian(sixteen, 2 * i)});
    }
    return scope == 0 ? formatted("[{}]:{}", {text, port}) : formatted("[{}%{}]:{}", {text, scope, port});
}

/// "10.0.0.5:443", "[::1]:80", "unix /run/x.sock", "unix @abstract"; "" if there is none, or of no known kind.
inline std::string describe_address(socket_address const& a)
{
    view<std::byte const> const bytes{a.bytes.data(), std::min(a.size, a.bytes.size())};
    switch (family_of(a)) {
        case address_family::ip: return bytes.size() < 8 ? "" : describe_ip(bytes.subspan(4, 4), big_endian(bytes, 2));
        case address_family::ip6: {
            if (bytes.size() < 24) return {};
            auto const address = bytes.subspan(8, 16);
            // "::ffff:10.0.0.5": an IPv4 address of an IPv6 socket.
            auto const zeros = address.first(10);
            if (big_endian(address, 10) == 0xffff && all_of(zeros, [](std::byte each) { return each == std::byte{0}; }))
                return describe_ip(address.subspan(12, 4), big_endian(bytes, 2));
            unsigned scope = 0;
            if (bytes.size() >= 28)
                for (std::size_t i = 0; i < 4; ++i) scope |= std::to_integer<unsigned>(bytes[24 + i]) << (8 * i);
            return describe_ip6(address, scope, big_endian(bytes, 2));
        }
        case address_family::unix_domain: {
            std::string_view const path{reinterpret_cast<char const*>(bytes.data()) + 2, bytes.size() - 2};
            if (path.empty()) return "unix";
            // An abstract name begins with a zero byte, and may contain others: its end is that of the address.
            if (path[0] == '\0') return "unix @" + printable(path.substr(1));
            return "unix " + printable(path.substr(0, path.find('\0')));
        }
        case address_family::netlink: return "netlink";
        case address_family::vsock: return "vsock";
        case address_family::none: break;
    }
    return {};
}

/// "tcp 127.0.0.1:51234 -> 127.0.0.1:9000", "udp 0.0.0.0:53", "unix /run/x.sock", "socket".
inline std::string describe_socket(descriptor_reading const& d)
{
    constexpr int stream = 1;    // SOCK_STREAM
    constexpr int datagram = 2;  // SOCK_DGRAM
    std::string const local = describe_address(d.local);
    std::string const peer = describe_address(d.peer);
    address_family family = family_of(d.local);
    if (family == address_family::none) family = family_of(d.peer);
    if (family == address_family::ip || family == address_family::ip6) {
        std::string text{d.socket_type == stream ? "tcp" : d.socket_type == datagram ? "udp" : "ip"};
        if (!local.empty()) text += ' ' + local;
        if (!peer.empty()) text += " -> " + peer;
        return text;
    }
    // Of a connection by a path, only the server's end has an address.
    if (family == address_family::unix_domain) return peer.empty() || peer == "unix" ? local : peer;
    return local.empty() ? "socket" : local;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
