// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// The handler that held the loop, by exact mode (the CMake target loopwatch::exact). What is not known is empty, and
/// without exact mode that is all of it.
struct handler_info {
    std::string operation;           ///< what it completes: "async_receive", "async_wait", "post"
    std::string completion_handler;  ///< the user's, as one reads it: "session::on_read", "serve(int)::{lambda}"
    std::string object_type;         ///< of the object that the operation was started on: "socket", "deadline_timer"
    std::uintptr_t object{};         ///< that object's address, which tells it from others; it may be gone
    std::int64_t native_handle{-1};  ///< its descriptor; -1: it has none
    std::string peer;                ///< what the descriptor was connected to at the deadline: "tcp 127.0.0.1:9000";
                                     ///< without another end what it is: "udp 0.0.0.0:53", "/dev/ttyS0"
    std::string file;                ///< where the operation was started, where Asio is told: ASIO_HANDLER_LOCATION
    unsigned line{};                 ///< in that file
    std::chrono::nanoseconds started{-1};  ///< so long before the handler began to run; < 0: it is not known
    /// So long it was ready, and waited for its turn; < 0: not known. Of what a handler has started by post() or the
    /// like, at most so long, unless a monitor measures delays: it counts from that handler's beginning.
    std::chrono::nanoseconds queued{-1};

    /// Whether all of their members are equal.
    friend bool operator==(handler_info const&, handler_info const&) = default;
};

/// Handlers of one kind that ran while a queue kept the loop.
struct handler_count {
    /// As handler_info::completion_handler; where that is not known, the operation: "async_wait". "": all others.
    std::string completion_handler;
    std::uint64_t count{};  ///< how many of them ran

    /// Whether all of their members are equal.
    friend bool operator==(handler_count const&, handler_count const&) = default;
};

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
