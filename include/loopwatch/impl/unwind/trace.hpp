// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Why an unwind stopped.
enum class unwind_end : std::uint8_t {
    outermost,         // it reached the thread's first function: the trace is complete
    no_unwind_info,    // the code at `end_at` has no CFI, and no heuristic helped
    copy_exhausted,    // it needs the stack at `end_at`, which was not copied
    bad_unwind_info,   // the CFI of the code at `end_at` is damaged or contradicts itself
    unknown_register,  // the code at `end_at` keeps its frame, or its return address, in an unknown register
    not_outwards,      // the caller of the code at `end_at` would lie further in: a damaged stack
    too_deep           // more frames than a trace holds
};

[[nodiscard]] constexpr std::string_view text_of(unwind_end why) noexcept
{
    switch (why) {
        case unwind_end::outermost: return "";
        case unwind_end::no_unwind_info: return "there is no unwind information for the code it stopped at";
        case unwind_end::copy_exhausted: return "the stack goes on outside of what was copied";
        case unwind_end::bad_unwind_info: return "the unwind information of the code it stopped at makes no sense";
        case unwind_end::unknown_register: return "the outermost function found needs a register that is not known";
        case unwind_end::not_outwards: return "the stack is damaged, or was just being changed";
        case unwind_end::too_deep: return "the stack is deeper than 128 frames: the outermost are missing";
    }
    return "";
}

/// How one frame, and its caller, were found.
struct frame_note {
    bool interrupted{false};   // its address is where it was interrupted, not a return address
    bool by_heuristic{false};  // its caller was found by a heuristic, because it has no CFI
    bool decoded{false};       // its caller was found by decoding the size of its frame: certain
    bool guessed{false};       // its caller is the most plausible of several
    bool unwinding{false};     // it is the unwinder of exceptions: its callers may be half-restored
};

/// The values of the call-preserved registers in a frame during the call that it makes, each hashed to 16 bits; 0: not
/// known. If the same frame is found again with other values, it has run meanwhile.
struct frame_mark {
    fixed<std::uint16_t, 6> registers{};

    [[nodiscard]] bool contradicts(frame_mark const& other) const
    {
        for (std::size_t i = 0; i < registers.size(); ++i)
            if (registers[i] != 0 && other.registers[i] != 0 && registers[i] != other.registers[i]) return true;
        return false;
    }
};

enum class trace_quality : std::uint8_t {
    exact,
    approximate,  // it reached the end, with a guess on the way
    partial       // it stopped early
};

/// The result of an unwind, most recent frame first.
struct trace {
    static constexpr std::size_t max_frames = 128;

    fixed<std::uintptr_t, max_frames> addresses;  // only the first `size` of each are set
    fixed<std::uintptr_t, max_frames> cfas;  // the CFA, where each frame ends; 0 for the last one if it stopped early
    fixed<frame_note, max_frames> notes;
    fixed<frame_mark, max_frames> marks;
    std::size_t size{0};
    unwind_end end{unwind_end::outermost};
    std::uintptr_t end_at{0};

    [[nodiscard]] view<std::uintptr_t const> frames() const { return {addresses.data(), size}; }

    [[nodiscard]] bool has(bool frame_note::* what) const
    {
        for (std::size_t i = 0; i < size; ++i)
            if (notes[i].*what) return true;
        return false;
    }

    /// Whether a frame was guessed or may be wrong.
    [[nodiscard]] bool uncertain() const
    {
        return has(&frame_note::by_heuristic) || has(&frame_note::guessed) || has(&frame_note::unwinding);
    }

    [[nodiscard]] trace_quality quality() const
    {
        if (end != unwind_end::outermost) return trace_quality::partial;
        return uncertain() ? trace_quality::approximate : trace_quality::exact;
    }
};
static_assert(std::is_trivially_copyable_v<trace>);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
