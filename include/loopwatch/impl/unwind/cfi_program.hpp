// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "cfi_cursor.hpp"
#include "cfi_entry.hpp"
#include "cfi_row.hpp"
#include "foreign_memory_linux.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Runs the programs of a CIE and an FDE up to the instruction at `pc` (DWARF 5, 6.4.2; DW_CFA_GNU_* and
/// DW_CFA_AARCH64_* as in gcc's unwind-dw2.c).
class cfi_program {
public:
    cfi_program(foreign_memory& memory, cfi_entry const& entry, std::uintptr_t pc)
        : memory_{&memory}, entry_{&entry}, pc_{pc}
    {
    }

    /// False: an unknown instruction, or unmapped memory.
    [[nodiscard]] bool run()
    {
        location_ = entry_->begin;
        // The CIE's instructions hold for the whole function: all of them are run, whatever their location.
        if (!run(entry_->initial_program, ~std::uintptr_t{0})) return false;
        initial_ = row_;
        depth_ = 0;
        location_ = entry_->begin;
        return run(entry_->program, pc_);
    }

    [[nodiscard]] cfi_row const& row() const { return row_; }

    [[nodiscard]] cfi_notes notes() const
    {
        cfi_notes all = notes_;
        auto const bits = (std::uint64_t{1} << machine::exception_registers) - 1;
        all.rewrites_its_caller = !entry_->is_signal_frame && (saved_ & (bits << 1 | 1)) == bits;
        return all;
    }

private:
    using kind = cfi_rule::kind;

    bool run(cfi_bytes program, std::uintptr_t until)
    {
        cfi_cursor in{*memory_, program};
        while (in.more()) {
            auto const opcode = in.take<std::uint8_t>();
            unsigned const low = opcode & 0x3f;
            switch (opcode & 0xc0) {
                case 0x40:  // advance_loc
                    if (advance(low, until)) return true;
                    break;
                case 0x80: set(low, kind::at_offset, factored(in.take_unsigned())); break;  // offset
                case 0xc0: restore(low); break;
                default:
                    if (low <= 0x04) {
                        std::uint64_t const delta = take_advance(in, low);
                        if (low == 0x01)
                            location_ = delta;  // set_loc
                        else if (low != 0 && advance(delta, until))
                            return in.good();
                        if (low == 0x01 && location_ > until) return in.good();
                    } else if (!run_one(in, low)) {
                        return false;
                    }
            }
        }
        return in.good();
    }

    std::uint64_t take_advance(cfi_cursor& in, unsigned opcode)
    {
        switch (opcode) {
            case 0x01: return in.take_pointer(entry_->pointer_encoding);
            case 0x02: return in.take<std::uint8_t>();
            case 0x03: return in.take<std::uint16_t>();
            case 0x04: return in.take<std::uint32_t>();
            default: return 0;  // nop
        }
    }

    bool advance(std::uint64_t delta, std::uintptr_t until)
    {
        location_ += delta * entry_->code_alignment;
        return location_ > until;
    }

    bool run_one(cfi_cursor& in, unsigned opcode)
    {
        switch (opcode) {
            case 0x06: restore(in.take_unsigned()); return true;                      // restore_extended
            case 0x0a: return remember();                                             // remember_state
            case 0x0b: return recall();                                               // restore_state
            case 0x0c: set_cfa(in.take_unsigned(), in, false); return true;           // def_cfa
            case 0x12: set_cfa(in.take_unsigned(), in, true); return true;            // def_cfa_sf
            case 0x0d: set_cfa_register(in.take_unsigned()); return true;             // def_cfa_register
            case 0x0e: row_.cfa_offset = to_signed(in.take_unsigned()); return true;  // def_cfa_offset
            case 0x13: row_.cfa_offset = factored(in.take_signed()); return true;     // def_cfa_offset_sf
            case 0x0f:                                                                // def_cfa_expression
                row_.cfa_by_expression = true;
                row_.cfa_expression = in.take_block();
                return true;
            case 0x2c:  // AARCH64_negate_ra_state_with_pc
            case 0x2d:  // AARCH64_negate_ra_state; on other machines GNU_window_save
                row_.return_address_signed = !row_.return_address_signed;
                return true;
            case 0x2e: notes_.arguments_size = in.take_unsigned(); return true;  // GNU_args_size
            default: return run_rule(in, opcode);
        }
    }

    /// The instructions that set the rule of one register.
    bool run_rule(cfi_cursor& in, unsigned opcode)
    {
        std::uint64_t const number = in.take_unsigned();
        switch (opcode) {
            case 0x05: set(number, kind::at_offset, factored(in.take_unsigned())); return true;  // offset_extended
            case 0x11: set(number, kind::at_offset, factored(in.take_signed())); return true;    // offset_extended_sf
            case 0x2f:  // GNU_negative_offset_extended
                set(number, kind::at_offset, -factored(in.take_unsigned()));
                return true;
            case 0x14: set(number, kind::is_offset, factored(in.take_unsigned())); return true;     // val_offset
            case 0x15: set(number, kind::is_offset, factored(in.take_signed())); return true;       // val_offset_sf
            case 0x07: set(number, kind::undefined); return true;                                   // undefined
            case 0x08: set(number, kind::same); return true;                                        // same_value
            case 0x09: set(number, kind::in_register, to_signed(in.take_unsigned())); return true;  // register
            case 0x10: set(number, kind::at_expression, 0, in.take_block()); return true;           // expression
            case 0x16: set(number, kind::is_expression, 0, in.take_block()); return true;           // val_expression
            default: return false;
        }
    }

    // Ignores rules of registers that are not tracked (vectors, flags).
    void set(std::uint64_t number, kind how, std::int64_t offset = 0, cfi_bytes expression = {})
    {
        if (number >= row_.rules.size()) return;
        row_.rules[number] = {how, offset, expression};
        if (how == kind::at_offset) saved_ |= std::uint64_t{1} << number;
    }

    void restore(std::uint64_t number)
    {
        if (number < row_.rules.size()) row_.rules[number] = initial_.rules[number];
    }

    void set_cfa(std::uint64_t number, cfi_cursor& in, bool is_factored)
    {
        set_cfa_register(number);
        row_.cfa_offset = is_factored ? factored(in.take_signed()) : to_signed(in.take_unsigned());
    }

    void set_cfa_register(std::uint64_t number)
    {
        row_.cfa_by_expression = false;
        row_.cfa_register = number < machine::register_count ? static_cast<unsigned>(number) : machine::register_count;
    }

    bool remember()
    {
        if (depth_ == remembered_.size()) return false;
        remembered_[depth_++] = row_;
        return true;
    }

    bool recall()
    {
        if (depth_ == 0) return false;
        row_ = remembered_[--depth_];
        return true;
    }

    static std::int64_t to_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }
    // Unsigned arithmetic: damaged values wrap around, where signed overflow would be undefined.
    std::int64_t factored(std::uint64_t value) const
    {
        return to_signed(value * static_cast<std::uint64_t>(entry_->data_alignment));
    }
    std::int64_t factored(std::int64_t value) const { return factored(static_cast<std::uint64_t>(value)); }

    foreign_memory* memory_;
    cfi_entry const* entry_;
    std::uintptr_t pc_;
    std::uintptr_t location_{0};
    std::uint64_t saved_{0};  // the registers that were saved in memory, one bit each
    cfi_row row_{};
    cfi_row initial_{};
    cfi_notes notes_{};
    fixed<cfi_row, 4> remembered_;  // compilers nest no deeper than one
    std::size_t depth_{0};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
