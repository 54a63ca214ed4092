// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/clock.hpp"
#include "../base/fixed.hpp"
#include "../platform/thread.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Adds up the CPU time of the threads that run a loop: of each since it was first read. Pure.
class threads_time {
public:
    static constexpr std::size_t max = 8;

    /// `on_cpu`: for how long the thread ran since it began. Returns for how long since the last reading.
    nanoseconds since_last(thread_number thread, nanoseconds on_cpu) noexcept
    {
        slot* mine = nullptr;
        slot* oldest = &slots_[0];
        for (slot& each : slots_) {
            if (each.thread == thread) mine = &each;
            if (each.reading < oldest->reading) oldest = &each;
        }
        // The number of a thread that has ended is given to another.
        bool const goes_on = mine != nullptr && on_cpu >= mine->on_cpu;
        nanoseconds const spent = goes_on ? on_cpu - mine->on_cpu : nanoseconds{0};
        *(mine != nullptr ? mine : oldest) = {thread, ++readings_, on_cpu};
        return spent;
    }

private:
    struct slot {
        thread_number thread{0};
        std::uint64_t reading{0};
        nanoseconds on_cpu{};
    };
    fixed<slot, max> slots_{};
    std::uint64_t readings_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
