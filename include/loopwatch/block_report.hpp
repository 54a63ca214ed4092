// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "cause.hpp"
#include "detail/config.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// How much of a stack can be trusted.
enum class stack_quality {
    exact,        ///< every frame, and each is certain
    approximate,  ///< a guess is in it
    partial,      ///< certain, but it stopped early
    none          ///< there is none; stack_missing says why
};

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

/// Whose code a function is. Decides which frame is the culprit, and which runs are one line in the text.
enum class code_origin {
    unknown,
    user,
    std,
    asio,
    boost,
    fmt,
    loopwatch,
    system,
    library  ///< what options::library_code names
};

/// One function on a stack. Texts are empty and numbers 0 where unknown.
struct frame {
    std::uintptr_t address{};  ///< the address to return to; for the most recent frame the one interrupted
    std::string function;      ///< demangled, and without the compiler's coroutine suffixes
    std::string file;
    unsigned line{};
    std::string module;  ///< path of the executable or shared library
    /// Where in the module it is, as addr2line takes it: less the module's load address, and of a call its last byte.
    std::uintptr_t module_offset{};
    bool inlined{};                            ///< it has no frame of its own: it was inlined into the next one
    bool coroutine{};                          ///< it is the body of a coroutine
    code_origin origin{code_origin::unknown};  ///< unknown: not said, and found out by the names when it is asked for
    bool outside{};  ///< further out than the handler, where that is known: it runs the loop, or called what does
};

/// The loop's stack at one moment of a block.
struct block_sample {
    std::chrono::nanoseconds after{};  ///< since the block began
    std::string doing;                 ///< "on CPU", "nanosleep(2 s)", "between two handlers", ...
    std::vector<frame> stack;          ///< as block_report::stack
    loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};
};

/// Another thread, which the loop's waited for.
struct other_thread {
    std::int64_t thread_id{};
    std::string thread_name;
    std::vector<frame> stack;  ///< where it was at the deadline
    loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};
    std::string stack_missing;
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
    std::chrono::nanoseconds own_duration{};  ///< what of duration the code answers for: without waiting for a CPU
    std::chrono::nanoseconds threshold{};
    bool ended{true};  ///< false: still blocked when this was written
    loopwatch::cause cause{};
    std::string evidence;           ///< "recvfrom(fd 9: tcp 127.0.0.1:5000)", "on CPU for 97% of 153 ms", ...
    std::string excuse;             ///< why nobody is blamed for it: then it is in excused(), not in blocks()
    bool known{false};              ///< the excuse is that it is suppressed, or in the baseline: it is not even logged
    std::string fix;                ///< what to do about it, where that is known
    std::vector<frame> stack;       ///< most recent call first, without the library's own frames and the signal's
    std::vector<frame> awaited_by;  ///< the coroutines that await the running one, innermost first
    loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};
    std::string stack_missing;            ///< why the stack is not exact, or why there is none
    std::vector<block_sample> samples;    ///< where the time went: at the deadline, and of a long block later
    std::optional<other_thread> held_by;  ///< the thread that held the lock, where that is known

    /// The frame to change: the innermost one of the user's own code, which is all but the system's libraries,
    /// installed headers, the C++ runtime, std, asio, boost, fmt, loopwatch and options::library_code. Where none of
    /// these has a name, as in a stripped program, the innermost one in the handler; where the handler is a library's,
    /// the library's function that the loop called, which may have no name. Never one that is outside the handler.
    /// Null where there is none. The pointer is into this report's stack.
    [[nodiscard]] frame const* culprit() const noexcept;
};

/// Receives reports, on the reporter thread, one at a time. What it throws is caught and counted.
/// It costs the loop nothing; reports wait while it runs.
using sink = std::function<void(block_report const&)>;

/// The report as text, of several lines, each ended.
///
/// all_frames: also show the runs of frames that are not the user's, which are one line otherwise, and names with all
/// of their template arguments.
/// Throws: std::bad_alloc. Thread safety: as of reading the report.
[[nodiscard]] LOOPWATCH_DECL std::string to_string(block_report const& report, bool all_frames = false);

/// Writes to_string(report).
LOOPWATCH_DECL std::ostream& operator<<(std::ostream& to, block_report const& report);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
