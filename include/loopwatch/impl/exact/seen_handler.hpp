// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../platform/thread.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A handler in which a thread was when the watchdog looked.
struct seen_handler {
    thread_number thread{0};
    time_point began{};
    std::uintptr_t frame{0};  // an address in the frame that runs it
    // By which it is found again.
    void* record{nullptr};   // the thread's
    std::uint32_t place{0};  // 0: the outermost of those that the thread is in
    std::uint64_t stamp{0};  // of its beginning

    [[nodiscard]] bool is_same_as(seen_handler const& other) const
    {
        return record == other.record && place == other.place && stamp == other.stamp;
    }
};

/// What has become of it.
struct handler_fate {
    enum class is : unsigned char {
        running,
        ended,  // then, as it says itself
        gone    // it has ended some time since it was last seen
    };
    is now{is::running};
    time_point ended_at{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
