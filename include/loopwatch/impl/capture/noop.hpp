// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "snapshot.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

struct capture_request {};

inline bool request_capture(loop_thread const& thread, capture_request&, snapshot& to)
{
    to.size = 0;
    to.thread = thread.number;
    to.taken_at = clock::now();
    to.missing = capture_error::unsupported;
    return true;
}

inline bool poll(capture_request&, snapshot&) { return true; }
inline void revoke(capture_request&, snapshot&) {}
inline void capture_own_stack(snapshot& to) noexcept { to.missing = capture_error::unsupported; }
inline void reserve_capture() {}
inline void prepare_capture() {}
inline void lock_captures() {}
inline void unlock_captures() {}
inline void forget_captures() {}

inline std::string why_no_capture() { return std::string{text_of(capture_error::unsupported)}; }
inline void choose_capture_signal(int) {}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
