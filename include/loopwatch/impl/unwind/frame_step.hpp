// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "cfi_entry.hpp"
#include "cfi_lookup.hpp"
#include "cfi_program.hpp"
#include "cfi_row.hpp"
#include "foreign_memory_linux.hpp"
#include "frame_rules.hpp"
#include "machine_code.hpp"
#include "module_table_linux.hpp"
#include "registers.hpp"
#include "stack_view.hpp"
#include "trace.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The frame that an unwind has reached.
struct frame_position {
    registers values;
    bool interrupted{true};       // pc is the next instruction, not a return address
    std::uintptr_t inner_cfa{0};  // CFA of the frame that it called; 0: none on this stack

    /// The address to look up. Of a return address, the one before: a call may be the last instruction of its function.
    [[nodiscard]] std::uintptr_t lookup_pc() const { return interrupted ? values.pc() : values.pc() - 1; }
};

/// Steps from one frame to its caller.
class frame_stepper {
public:
    enum class outcome : std::uint8_t { caller, stopped, needs_frame_pointer };

    frame_stepper(foreign_memory& memory, stack_view const& stack) : memory_{&memory}, stack_{&stack} {}

    /// `caller`: `at` is the caller now. `stopped`: end() and end_at() say why. `needs_frame_pointer`: entry(), row()
    /// and notes() describe the frame; set its frame pointer and call step_by_row().
    outcome step(frame_position& at, frame_note& note)
    {
        note = {};
        note.interrupted = at.interrupted;
        cfa_ = 0;
        std::uintptr_t const pc = at.values.pc();
        if (pc == 0 && !at.interrupted) return stop(unwind_end::outermost, pc);
        switch (find_entry(*memory_, at.lookup_pc(), entry_)) {
            case cfi_found::damaged: return stop(unwind_end::bad_unwind_info, pc);
            case cfi_found::no: return step_without_cfi(at, note);
            case cfi_found::yes: break;
        }
        // Recognized by its code before CFI is tried: on older kernels, aarch64's CFI for it restores no registers.
        if (entry_.is_signal_frame && returns_from_signal(*memory_, pc)) return step_over_signal(at);
        cfi_program program{*memory_, entry_, at.lookup_pc()};
        if (!program.run()) return stop(unwind_end::bad_unwind_info, pc);
        row_ = program.row();
        notes_ = program.notes();
        note.unwinding = notes_.rewrites_its_caller;
        if (at.interrupted && !entry_.is_signal_frame && step_by_return(at)) return outcome::caller;
        return step_by_row(at);
    }

    /// Like step(), for the frame whose entry and row are set.
    outcome step_by_row(frame_position& at)
    {
        std::uintptr_t const pc = at.values.pc();
        if (row_.rules[entry_.return_column].how == cfi_rule::kind::undefined) return stop(unwind_end::outermost, pc);
        cfi_value const cfa = rules(at.values).cfa();
        if (!cfa.known()) {
            if (cfa.is == cfi_value::state::unknown_register && cfa.number == machine::frame_pointer)
                return outcome::needs_frame_pointer;
            return stop_for(cfa, pc);
        }
        // A signal handler may run on a stack of its own, anywhere; every other caller lies further out.
        if (!entry_.is_signal_frame && cfa.value <= at.inner_cfa) return stop(unwind_end::not_outwards, pc);
        return restore_caller(at, cfa.value);
    }

    [[nodiscard]] frame_rules rules(registers const& values) const { return {*memory_, *stack_, row_, values}; }
    [[nodiscard]] cfi_entry const& entry() const { return entry_; }
    [[nodiscard]] cfi_row const& row() const { return row_; }
    [[nodiscard]] cfi_notes const& notes() const { return notes_; }
    void set_frame(cfi_entry const& entry, cfi_row const& row)  // for step_by_row()
    {
        entry_ = entry;
        row_ = row;
    }
    [[nodiscard]] std::uintptr_t cfa() const { return cfa_; }  // of the frame that the last step started from
    [[nodiscard]] unwind_end end() const { return end_; }
    [[nodiscard]] std::uintptr_t end_at() const { return end_at_; }
    [[nodiscard]] foreign_memory& memory() const { return *memory_; }
    [[nodiscard]] stack_view const& stack() const { return *stack_; }

private:
    outcome stop(unwind_end why, std::uintptr_t at)
    {
        end_ = why;
        end_at_ = at;
        return outcome::stopped;
    }

    outcome stop_for(cfi_value const& value, std::uintptr_t pc)
    {
        switch (value.is) {
            case cfi_value::state::unreadable: return stop(unwind_end::copy_exhausted, value.value);
            case cfi_value::state::unknown_register: return stop(unwind_end::unknown_register, pc);
            default: return stop(unwind_end::bad_unwind_info, pc);
        }
    }

    outcome restore_caller(frame_position& at, std::uintptr_t cfa)
    {
        frame_rules const rules = this->rules(at.values);
        registers caller;
        for (unsigned i = 0; i < machine::register_count; ++i) {
            bool const said = row_.rules[i].how != cfi_rule::kind::unspecified;
            if (i == machine::stack_pointer && !said) {
                caller.set(i, cfa);
            } else if (said || machine::preserved_by_calls(i)) {
                cfi_value const value = rules.caller(i, cfa);
                if (value.known()) caller.set(i, value.value);
                // The walk can go on without any other register.
                else if (i == machine::stack_pointer)
                    return stop_for(value, at.values.pc());
            }
        }
        cfi_value const return_to = rules.caller(entry_.return_column, cfa);
        if (!return_to.known()) return stop_for(return_to, at.values.pc());
        std::uintptr_t const pc = machine::code_address(return_to.value);
        // aarch64: the call has overwritten the link register, which now holds this return address.
        if (!entry_.is_signal_frame && entry_.return_column != machine::program_counter)
            caller.forget(entry_.return_column);
        caller.set(machine::program_counter, pc);
        cfa_ = cfa;
        at = {caller, entry_.is_signal_frame, entry_.is_signal_frame ? 0 : cfa};
        return pc == 0 && !at.interrupted ? stop(unwind_end::outermost, 0) : outcome::caller;
    }

    /// See about_to_return().
    bool step_by_return(frame_position& at)
    {
        std::uintptr_t slot = 0;
        registers caller;
        if (!about_to_return(*memory_, at.values, slot) || !return_through(*stack_, at.values, slot, caller) ||
            call_site_before(*memory_, caller.pc(), entry_.begin) == call_site::none)
            return false;
        move_to(at, caller, caller.sp());
        return true;
    }

    /// For hand-written assembly, generated code, the return from a signal handler, or a wrong pc.
    outcome step_without_cfi(frame_position& at, frame_note& note)
    {
        std::uintptr_t const pc = at.values.pc();
        if (is_program_entry(pc)) return stop(unwind_end::outermost, pc);
        if (!at.values.knows_sp()) return stop(unwind_end::no_unwind_info, pc);
        if (returns_from_signal(*memory_, pc)) return step_over_signal(at);
        note.by_heuristic = true;
        registers caller;
        cfi_entry entry;
        if (at.interrupted && return_at_once(*stack_, at.values, caller) &&
            call_site_before(*memory_, caller.pc(), pc) != call_site::none &&
            find_entry(*memory_, caller.pc() - 1, entry) == cfi_found::yes) {
            move_to(at, caller, caller.sp());
            return outcome::caller;
        }
        if (step_by_frame_pointer(at)) return outcome::caller;
        note.by_heuristic = false;
        return stop(unwind_end::no_unwind_info, pc);
    }

    /// By the chain of frame pointers: on both machines, the caller's is at fp, followed by the return address.
    bool step_by_frame_pointer(frame_position& at)
    {
        if (!at.values.knows_fp()) return false;
        std::uintptr_t const fp = at.values.fp();
        std::uint64_t outer = 0;
        std::uint64_t address = 0;
        if ((fp & 7) != 0 || fp < at.values.sp() || !stack_->read(fp, outer) || !stack_->read(fp + 8, address))
            return false;
        address = machine::code_address(address);
        if (call_site_before(*memory_, address, 0) == call_site::none) return false;
        registers caller;
        caller.set(machine::frame_pointer, outer);
        caller.set(machine::stack_pointer, fp + 16);
        caller.set(machine::program_counter, address);
        move_to(at, caller, fp + 16);
        return true;
    }

    outcome step_over_signal(frame_position& at)
    {
        std::uintptr_t const from = signal_context_at(at.values.sp()) + offset_of_machine_words();
        machine_words words;
        for (std::size_t i = 0; i < words.size(); ++i)
            if (!stack_->read(from + i * sizeof words[0], words[i]))
                return stop(unwind_end::copy_exhausted, from + i * sizeof words[0]);
        cfa_ = from + sizeof words;
        at = {registers_of(words), true, 0};
        return outcome::caller;
    }

    void move_to(frame_position& at, registers const& caller, std::uintptr_t cfa)
    {
        cfa_ = cfa;
        at = {caller, false, cfa};
    }

    foreign_memory* memory_;
    stack_view const* stack_;
    cfi_entry entry_{};
    cfi_row row_{};
    cfi_notes notes_{};
    std::uintptr_t cfa_{0};
    unwind_end end_{unwind_end::outermost};
    std::uintptr_t end_at_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
