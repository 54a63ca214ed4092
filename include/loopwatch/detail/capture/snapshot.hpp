// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../clock.hpp"
#include "../config.hpp"
#include "../thread.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Why there is no stack, or not all of it.
enum class gap : std::uint8_t {
    none,
    too_deep,      // there are more frames than a snapshot holds
    unsupported,   // no backend for this platform
    signal_taken,  // the program handles the signal itself
    signal_lost,   // the program took the signal after we had it
    no_answer,     // the thread did not run the signal handler in time
    unwinding,     // an exception is on its way through that thread's stack
    thread_gone,   // the thread has ended
    recovered,     // the loop was free again before the thread was reached
    busy,          // every slot is in use
    not_taken      // nobody asked
};

[[nodiscard]] constexpr std::string_view text_of(gap why) noexcept
{
    switch (why) {
        case gap::none: return "";
        case gap::too_deep: return "the stack is deeper than 128 frames: the outermost are missing";
        case gap::unsupported: return "capture is not supported on this platform or was switched off";
        case gap::signal_taken: return "the program handles the capture signal itself: see use_capture_signal()";
        case gap::signal_lost: return "the program replaced the handler of the capture signal";
        case gap::no_answer:
            return "the thread did not answer the capture signal within 50 ms: it blocks the signal, or waits "
                   "uninterruptibly";
        case gap::unwinding: return "an exception was unwinding that thread's stack, which must not be walked then";
        case gap::thread_gone: return "the thread has ended";
        case gap::recovered: return "the loop was free again before its stack could be taken";
        case gap::busy: return "too many loops were blocked at once";
        case gap::not_taken: return "no stack was asked for";
    }
    return "";
}

/// What was captured of one thread.
struct snapshot {
    static constexpr std::size_t max_frames = 128;

    std::array<std::uintptr_t, max_frames> addresses;  // most recent first; only the first `size` are set
    std::size_t size{0};
    bool first_is_exact{false};  // the first address is where it was interrupted, not where a call returns to
    gap missing{gap::not_taken};
    time_point taken_at{};
    thread_number thread{0};

    [[nodiscard]] std::span<std::uintptr_t const> frames() const { return {addresses.data(), size}; }
};
static_assert(std::is_trivially_copyable_v<snapshot>);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
