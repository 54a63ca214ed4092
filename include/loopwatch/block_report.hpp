// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "cause.hpp"
#include "detail/config.hpp"
#include "handler_info.hpp"

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
    exact,        ///< complete, and every frame is certain
    approximate,  ///< some frame is a guess
    partial,      ///< every frame is certain, but the outer ones are missing
    none          ///< there is none; stack_missing says why
};

/// The enumerator's name: "exact", "approximate", ...
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

/// Whose code a function is. Decides which frame is the culprit, and which runs of frames fold into one line of text.
enum class code_origin {
    unknown,    ///< not computed yet, or nothing is known of it
    user,       ///< all that is none of the others
    std,        ///< the standard library
    asio,       ///< standalone Asio, and Boost.Asio
    boost,      ///< the rest of Boost
    fmt,        ///< fmt
    loopwatch,  ///< this library
    system,     ///< the system's libraries, installed headers, and the C++ runtime
    library     ///< what options::library_code names
};

/// One function on a stack. Unknown texts are empty, unknown numbers 0.
struct frame {
    std::uintptr_t address{};  ///< the return address; for the most recent frame the interrupted instruction
    std::string function;      ///< demangled, and without the compiler's coroutine suffixes
    std::string file;          ///< path of the source file, as the compiler recorded it
    unsigned line{};           ///< of the call; for the most recent frame, where it was
    std::string module;        ///< path of the executable or shared library
    /// The offset in the module, as addr2line takes it: without the load address; for a call, of its last byte.
    std::uintptr_t module_offset{};
    bool inlined{};                            ///< it was inlined into the next frame
    bool coroutine{};                          ///< it is the body of a coroutine
    code_origin origin{code_origin::unknown};  ///< unknown: to be computed from function, module and file
    bool outside{};  ///< it is known to be outside the handler: it runs the loop, or calls that

    /// Whether all of their members are equal.
    friend bool operator==(frame const&, frame const&) = default;
};

/// The loop's stack at one moment of a block.
struct block_sample {
    std::chrono::nanoseconds after{};  ///< time since the block began
    std::string doing;                 ///< "on CPU", "nanosleep(2 s)", "between two handlers", ...
    std::vector<frame> stack;          ///< as block_report::stack
    loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};  ///< how far the stack can be trusted
};

/// Another thread, which the loop's thread waited for.
struct other_thread {
    std::int64_t thread_id{};  ///< the system's number, as block_report::thread_id
    std::string thread_name;   ///< "" if it has none
    std::vector<frame> stack;  ///< where it was at the deadline
    loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};  ///< how far the stack can be trusted
    std::string stack_missing;  ///< why the stack is not exact, or why there is none
};

/// What is known of one block. A plain value.
///
/// Thread safety: as for a std::vector: const members may be called concurrently.
struct block_report {
    std::uint64_t number{};    ///< 1, 2, ... within its guard or monitor
    std::string loop;          ///< options::loop_name
    std::int64_t thread_id{};  ///< the system's number of the thread that was blocked; 0 if it is not known
    std::string thread_name;   ///< as the program has named it
    std::chrono::system_clock::time_point began_at;  ///< when the late heartbeat was sent, by the wall clock
    std::chrono::nanoseconds duration{};             ///< it was blocked at least this long
    std::chrono::nanoseconds duration_max{};         ///< and at most this long
    std::chrono::nanoseconds own_duration{};         ///< the part of duration to blame on the code: no waits for a CPU
    std::chrono::nanoseconds threshold{};            ///< options::threshold of its guard
    bool ended{true};                                ///< false: still blocked when this was written
    loopwatch::cause cause{};                        ///< why it was blocked
    std::string evidence;           ///< "recvfrom(fd 9: tcp 127.0.0.1:5000)", "on CPU for 97% of 153 ms", ...
    std::string excuse;             ///< why nobody is blamed; not empty: it is in excused(), not in blocks()
    bool known{false};              ///< excused by a suppression or the baseline: it is not logged either
    std::string fix;                ///< what to do about it; "" if unknown
    std::vector<frame> stack;       ///< most recent call first, without frames of loopwatch and the signal
    std::vector<frame> awaited_by;  ///< the coroutines that await the running one, innermost first
    loopwatch::stack_quality stack_quality{loopwatch::stack_quality::none};  ///< how far the stack can be trusted
    std::string stack_missing;                ///< why the stack is not exact, or why there is none
    std::vector<block_sample> samples;        ///< where the time went: one at the deadline, more for a long block
    std::optional<other_thread> held_by;      ///< the thread that held the lock, if known
    loopwatch::handler_info handler;          ///< the handler that held the loop; known in exact mode only
    std::vector<handler_count> handlers_run;  ///< of a backlog, in exact mode: what ran meanwhile, most of them first

    /// The frame to change: the innermost of the user's own code, which is all code except the system's libraries,
    /// installed headers, the C++ runtime, std, asio, boost, fmt, loopwatch and options::library_code. If no frame of
    /// the user's has a name, as in a stripped program, the innermost frame in the handler; if the handler is a
    /// library's, the library's function that the loop called, which may have no name. Never a frame outside the
    /// handler. Null if there is none. The pointer is into this report's stack.
    ///
    /// Throws: nothing. Thread safety: as for reading the report. Cost to the loop: none; the caller's is a pass over
    /// the stack.
    [[nodiscard]] frame const* culprit() const noexcept;
};

/// Receives reports, on the reporter thread, one at a time. With on_block::log those of a block that still lasts, too,
/// after 1, 2, 4, 8... s: these have `ended == false`, and another one follows. Exceptions are caught: the guard keeps
/// the report, and dropped() counts it if it is forgotten before anybody called blocks().
/// Cost to the loop: none; other reports wait while it runs.
using sink = std::function<void(block_report const&)>;

/// The report as text: several lines, each with a line end.
///
/// all_frames: show runs of frames that are not the user's, which otherwise fold into one line, and names with all of
/// their template arguments.
/// Throws: std::bad_alloc. Thread safety: as for reading the report. Cost to the loop: none.
[[nodiscard]] LOOPWATCH_DECL std::string to_string(block_report const& report, bool all_frames = false);

/// Writes to_string(report). Throws: std::bad_alloc; what the stream throws. Thread safety: as for the stream. Cost to
/// the loop: none, unless called on it.
LOOPWATCH_DECL std::ostream& operator<<(std::ostream& to, block_report const& report);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
