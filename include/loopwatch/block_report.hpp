// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/code_origin.hpp"
#include "detail/config.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Why the loop was blocked.
enum class cause {
    unknown,        ///< the evidence does not say
    cpu,            ///< it computed
    blocking_call,  ///< asleep in a system call
    lock,           ///< waited for a mutex or a condition variable
    disk,           ///< waited for a disk
    starved,        ///< runnable, but given no CPU
    suspended,      ///< the process or the machine stood still
    backlog,        ///< many handlers ran, none of them long
    self_deadlock   ///< waited for what only this loop can do
};

/// How much of a stack can be trusted.
enum class stack_quality {
    exact,        ///< every frame, and each is certain
    approximate,  ///< a guess is in it
    partial,      ///< certain, but it stopped early
    none          ///< there is none; stack_missing says why
};

/// The names as they are written in C++: "cpu", "blocking_call", ...
[[nodiscard]] constexpr std::string_view to_string(cause why) noexcept
{
    switch (why) {
        case cause::unknown: return "unknown";
        case cause::cpu: return "cpu";
        case cause::blocking_call: return "blocking_call";
        case cause::lock: return "lock";
        case cause::disk: return "disk";
        case cause::starved: return "starved";
        case cause::suspended: return "suspended";
        case cause::backlog: return "backlog";
        case cause::self_deadlock: return "self_deadlock";
    }
    return "unknown";
}

[[nodiscard]] constexpr std::string_view to_string(stack_quality quality) noexcept
{
    switch (quality) {
        case stack_quality::exact: return "exact";
        case stack_quality::approximate: return "approximate";
        case stack_quality::partial: return "partial";
        case stack_quality::none: return "none";
    }
    return "none";
}

/// One function on a stack. Texts are empty and numbers 0 where unknown.
struct frame {
    std::uintptr_t address{};  ///< the address to return to; for the most recent frame the one interrupted
    std::string function;      ///< demangled, and without the compiler's coroutine suffixes
    std::string file;
    unsigned line{};
    std::string module;  ///< path of the executable or shared library
    /// Where in the module it is, as addr2line takes it: less the module's load address, and of a call its last byte.
    std::uintptr_t module_offset{};
    bool inlined{};    ///< it has no frame of its own: it was inlined into the next one
    bool coroutine{};  ///< it is the body of a coroutine
};

/// What is known of one block.
///
/// A plain value. Thread safety: as of a std::vector, const members may be called concurrently.
struct block_report {
    std::uint64_t number{};  ///< 1, 2, ... within its guard or monitor
    std::string loop;        ///< options::loop_name
    std::int64_t thread_id{};
    std::string thread_name;
    std::chrono::system_clock::time_point began_at;
    std::chrono::nanoseconds duration{};      ///< it was blocked at least this long
    std::chrono::nanoseconds duration_max{};  ///< and at most this long
    std::chrono::nanoseconds threshold{};
    bool ended{true};  ///< false: still blocked when this was written
    loopwatch::cause cause{};
    std::string evidence;
    std::vector<frame> stack;       ///< most recent call first, without the library's own frames and the signal's
    std::vector<frame> awaited_by;  ///< the coroutines that await the running one, innermost first
    loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};
    std::string stack_missing;  ///< why the stack is not exact, or why there is none

    /// The frame to change: the innermost one of the user's own code, which is all but the system's libraries, the
    /// C++ runtime, std, asio, boost, fmt and loopwatch. Null where there is none.
    /// The pointer is into this report's stack.
    [[nodiscard]] frame const* culprit() const noexcept
    {
        for (frame const& f : stack)
            if (detail::origin_of(f.function, f.module, f.file) == detail::code_origin::user && !f.function.empty())
                return &f;
        return nullptr;
    }
};

/// Receives reports, on the reporter thread, one at a time. What it throws is caught and counted.
/// It costs the loop nothing; reports wait while it runs.
using sink = std::function<void(block_report const&)>;

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
