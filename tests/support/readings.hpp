// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/impl/evidence/reading.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Readings as the kernel of Linux would give them, made by hand.

inline void put_bytes(loopwatch::detail::socket_address& to, std::initializer_list<unsigned> bytes)
{
    for (unsigned const each : bytes) to.bytes[to.size++] = static_cast<std::byte>(each);
}

inline loopwatch::detail::socket_address ip4(unsigned a, unsigned b, unsigned c, unsigned d, unsigned port)
{
    loopwatch::detail::socket_address to;
    put_bytes(to, {2, 0, port >> 8, port & 0xff, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0});
    return to;
}

inline loopwatch::detail::socket_address ip6(std::array<unsigned, 8> groups, unsigned port, unsigned scope = 0)
{
    loopwatch::detail::socket_address to;
    put_bytes(to, {10, 0, port >> 8, port & 0xff, 0, 0, 0, 0});
    for (unsigned const each : groups) put_bytes(to, {each >> 8, each & 0xff});
    put_bytes(to, {scope, 0, 0, 0});
    return to;
}

inline loopwatch::detail::socket_address unix_path(std::string_view path)
{
    loopwatch::detail::socket_address to;
    put_bytes(to, {1, 0});
    for (char const each : path) put_bytes(to, {static_cast<unsigned char>(each)});
    return to;
}

inline loopwatch::detail::descriptor_reading open_file(int number, std::string_view link)
{
    loopwatch::detail::descriptor_reading to;
    to.number = number;
    to.link = link;
    return to;
}

inline loopwatch::detail::descriptor_reading open_socket(int number, int type,
                                                         loopwatch::detail::socket_address const& local = {},
                                                         loopwatch::detail::socket_address const& peer = {})
{
    auto to = open_file(number, "socket:[4711]");
    to.is_socket = true;
    to.socket_type = type;
    to.local = local;
    to.peer = peer;
    return to;
}
