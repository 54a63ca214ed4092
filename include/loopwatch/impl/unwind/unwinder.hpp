// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "foreign_memory_linux.hpp"
#include "frame_step.hpp"
#include "module_table_linux.hpp"
#include "registers.hpp"
#include "stack_view.hpp"
#include "trace.hpp"

#if LOOPWATCH_HAS_X86_64()
#include "frame_pointer_search_x86_64.hpp"
#endif

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Sets the frame's frame pointer, if it can be found by the code and the stack.
[[nodiscard]] inline bool supply_frame_pointer([[maybe_unused]] frame_stepper& stepper,
                                               [[maybe_unused]] frame_position& at, [[maybe_unused]] frame_note& note)
{
#if LOOPWATCH_HAS_X86_64()
    cfi_entry const entry = stepper.entry();
    cfi_row const row = stepper.row();
    if (!at.values.knows_sp()) return false;
    auto const found = frame_pointer_search{stepper, at}.run();
    stepper.set_frame(entry, row);
    if (!found) return false;
    at.values.set(machine::frame_pointer, found->value);
    note.decoded = found->certain;
    note.guessed = !found->certain;
    return true;
#else
    // aarch64: libc's functions that can sleep save x29 and x30 on the stack, from where CFI restores them. Except
    // syscall(): its caller can't be found without its registers.
    return false;
#endif
}

[[nodiscard]] inline frame_mark mark_of(registers const& values)
{
    frame_mark mark;
    std::size_t n = 0;
    for (unsigned r = 0; r < machine::register_count && n < mark.registers.size(); ++r) {
        if (!machine::preserved_by_calls(r)) continue;
        if (values.knows(r))
            mark.registers[n] = static_cast<std::uint16_t>((values[r] * 0x9e3779b97f4a7c15U >> 48) | 1);
        ++n;
    }
    return mark;
}

/// Unwinds a copied stack, from the registers that were copied with it. For the watchdog: it does not allocate, throw
/// or touch errno, and it terminates whatever the memory contains. Takes tens of microseconds.
inline void unwind(registers const& from, stack_copy const& stack, outside_copy policy, foreign_memory& memory,
                   trace& to)
{
    memory.read_again();
    stack_view const view{stack, policy, memory};
    frame_stepper stepper{memory, view};
    frame_position at{from, true, 0};
    to.size = 0;
    for (;;) {
        if (to.size == trace::max_frames) {
            to.end = unwind_end::too_deep;
            to.end_at = at.values.pc();
            return;
        }
        frame_note& note = to.notes[to.size];
        to.addresses[to.size] = at.values.pc();
        to.marks[to.size] = mark_of(at.values);
        std::uintptr_t const pc = at.values.pc();
        auto outcome = stepper.step(at, note);
        if (outcome == frame_stepper::outcome::needs_frame_pointer && supply_frame_pointer(stepper, at, note))
            outcome = stepper.step_by_row(at);
        to.cfas[to.size++] = stepper.cfa();
        if (outcome == frame_stepper::outcome::caller) continue;
        bool const lacks_register = outcome == frame_stepper::outcome::needs_frame_pointer;
        to.end = lacks_register ? unwind_end::unknown_register : stepper.end();
        to.end_at = lacks_register ? pc : stepper.end_at();
        return;
    }
}

/// Called on the watchdog before the first unwind, which would otherwise allocate or take locks.
inline void prepare_unwinding()
{
    // In a static executable, the runtime sorts its table of functions at the first search.
    static_cast<void>(find_fde_by_runtime(reinterpret_cast<std::uintptr_t>(&prepare_unwinding)));
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
