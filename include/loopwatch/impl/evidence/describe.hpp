// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../base/duration_text.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "call_arguments.hpp"
#include "reading.hpp"
#include "socket_text.hpp"
#include "system_calls.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// A system call as text: "recvfrom(fd 9: tcp 127.0.0.1:51234 -> 127.0.0.1:9000)". Pure, for the reporter.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// What the descriptor refers to: "tcp ...", "/var/data/big.bin", "pipe"; "" if that is not known.
inline std::string describe_target(descriptor_reading const& d)
{
    if (d.is_socket) return describe_socket(d);
    std::string_view link = d.link.view();
    for (std::string_view const kind : {"pipe", "socket"})
        if (link.starts_with(kind) && link.substr(kind.size()).starts_with(":[")) return std::string{kind};
    if (link.starts_with("anon_inode:")) {  // "anon_inode:[eventfd]", "anon_inode:inotify"
        link.remove_prefix(link.find(':') + 1);
        if (link.starts_with('[')) link = link.substr(1, link.size() - 2);
    }
    return printable(link, link.size() == d.link.capacity);
}

inline std::string describe_descriptor(descriptor_reading const& d)
{
    std::string const target = describe_target(d);
    return target.empty() ? formatted("fd {}", {d.number}) : formatted("fd {}: {}", {d.number, target});
}

/// As a person would write it: "2 s", "100 ms", "1.50 s".
inline std::string describe_length(nanoseconds d)
{
    if (d == nanoseconds::max()) return "for ever";
    if (d.count() != 0 && d.count() % 1'000'000'000 == 0) return formatted("{} s", {d.count() / 1'000'000'000});
    if (d.count() % 1'000'000 == 0 && d.count() < 1'000'000'000) return exact_duration_text(d);
    return duration_text(d);
}

inline std::string describe_child(std::int32_t number)
{
    if (number > 0) return formatted("pid {}", {number});
    if (number == -1) return "any child";
    if (number == 0) return "any child of this process group";
    return formatted("any child of process group {}", {-std::int64_t{number}});
}

inline std::string describe_child(std::uint64_t kind, std::uint64_t number)
{
    auto const id = static_cast<std::int32_t>(number);
    switch (kind) {  // P_ALL, P_PID, P_PGID, P_PIDFD
        case 0: return describe_child(-1);
        case 1: return describe_child(id);
        case 2: return id == 0 ? describe_child(0) : formatted("any child of process group {}", {id});
        case 3: return formatted("pidfd {}", {id});
        default: return {};
    }
}

inline std::string_view describe_operation(futex_operation operation)
{
    switch (operation) {
        case futex_operation::wait:
        case futex_operation::wait_bitset:
        case futex_operation::wait_requeue_pi: return "wait";
        case futex_operation::lock_pi:
        case futex_operation::lock_pi2: return "lock";
    }
    return {};
}

/// The timeout of the call; "" if it has none, or if it is not known.
inline std::string describe_limit(syscall_entry const& which, call_reading const& call)
{
    call_shape const& shape = which.shape;
    if (call.timeout_is_absolute) return "until a point in time";
    if (call.has_timeout) return describe_length(call.timeout);
    bool const many = shape.special == subject::pollfds || shape.special == subject::fd_sets;
    if (!many && !which.name.starts_with("epoll_")) return {};
    std::uint64_t const given = argument_of(call, shape.limit_at);
    bool const forever = shape.limit == time_limit::milliseconds ? static_cast<std::int32_t>(given) < 0 : given == 0;
    return forever ? "no timeout" : "";
}

/// Adds the descriptors, of which only the first few were read, and the number of the others.
inline void add_descriptors(syscall_entry const& which, call_reading const& call, many<std::string>& to)
{
    call_shape const& shape = which.shape;
    std::size_t const known = std::min(call.descriptor_count, call.descriptors.size());
    for (std::size_t i = 0; i < known; ++i) {
        descriptor_reading d = call.descriptors[i];
        if (which.name.starts_with("epoll_") || which.name == "io_uring_enter") {
            to.push_back(formatted("fd {}", {d.number}));  // the name of the call says what it is
        } else if (shape.address >= 0 && call.address.size > 0) {
            if (which.name != "sendto")
                to.push_back(formatted("fd {}: {}", {d.number, describe_address(call.address)}));
            else {
                d.peer = call.address;
                to.push_back(describe_descriptor(d));
            }
        } else {
            to.push_back(describe_descriptor(d));
        }
    }
    if (call.descriptor_count > known) to.push_back(formatted("and {} more", {call.descriptor_count - known}));
}

inline std::string describe(syscall_entry const& which, call_reading const& call)
{
    auto const& [number, name, shape] = which;
    many<std::string> parts;
    add_descriptors(which, call, parts);
    if (!call.path.empty()) parts.push_back(printable(call.path.view(), call.path.view().size() == call.path.capacity));
    switch (shape.special) {
        case subject::futex:
            parts.push_back(formatted("{:#x}", {call.arguments[0]}));
            if (shape.limit != time_limit::of_futex)
                parts.emplace_back("wait");
            else if (auto const operation = describe_operation(operation_of_futex(call.arguments[1]));
                     !operation.empty())
                parts.emplace_back(operation);
            break;
        case subject::futexes: parts.push_back(formatted("any of {}", {call.arguments[1]})); break;
        case subject::child: parts.push_back(describe_child(static_cast<std::int32_t>(call.arguments[0]))); break;
        case subject::child_kind: parts.push_back(describe_child(call.arguments[0], call.arguments[1])); break;
        case subject::plain:
        case subject::pollfds:
        case subject::fd_sets: break;
    }
    if (name == "fcntl") {
        if (call.arguments[1] == 7) parts.emplace_back("F_SETLKW");
        if (call.arguments[1] == 38) parts.emplace_back("F_OFD_SETLKW");
    }
    if (shape.bytes >= 0) parts.push_back(formatted("{} bytes", {argument_of(call, shape.bytes)}));
    if (std::string const limit = describe_limit(which, call); !limit.empty()) parts.push_back(limit);
    remove_if(parts, [](std::string const& part) { return part.empty(); });
    std::string list;
    for (std::string const& part : parts) list += (list.empty() ? "" : ", ") + part;
    return formatted("{}({})", {name, list});
}

/// The system call that a thread sleeps in.
inline std::string describe(call_reading const& call)
{
    if (call.number == call_reading::none) return "a page fault";
    syscall_entry const& which = syscall_of(call.number);
    return which.name.empty() ? formatted("system call {}", {call.number}) : describe(which, call);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
