// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "cfi_cursor.hpp"
#include "registers.hpp"

#include <cstdint>
#include <type_traits>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// How to find the caller's value of one register (DWARF 5, 6.4.1).
struct cfi_rule {
    enum class kind : std::uint8_t {
        unspecified,    // no rule was given: the calling convention decides
        same,           // unchanged in the register
        undefined,      // lost; for the return address: there is no caller
        at_offset,      // in memory, at the CFA plus `offset`
        is_offset,      // the CFA plus `offset`
        in_register,    // in the register with the number `offset`
        at_expression,  // in memory, at the result of `expression`
        is_expression   // the result of `expression`
    };

    kind how{kind::unspecified};
    std::int64_t offset{0};
    cfi_bytes expression{};

    [[nodiscard]] bool in_memory() const { return how == kind::at_offset || how == kind::at_expression; }
};

/// The rules that hold at one instruction. CFA, the canonical frame address, is the value of the stack pointer before
/// the call that made the frame.
struct cfi_row {
    bool cfa_by_expression{false};
    unsigned cfa_register{machine::stack_pointer};
    std::int64_t cfa_offset{0};
    cfi_bytes cfa_expression{};
    bool return_address_signed{false};  // aarch64; not needed to unwind: stripping an unsigned one changes nothing
    fixed<cfi_rule, machine::register_count> rules{};
};
static_assert(std::is_trivially_copyable_v<cfi_row>);

/// What else a function's program says up to a row. Not part of what DW_CFA_remember_state saves.
struct cfi_notes {
    /// Bytes of arguments that were pushed here for a call in progress: DW_CFA_GNU_args_size.
    std::uint64_t arguments_size{0};
    /// It has saved the registers that pass values to a landing pad, and not the register numbered after them. So it is
    /// _Unwind_Resume, _Unwind_RaiseException, _Unwind_Resume_or_Rethrow, _Unwind_ForcedUnwind, or a cold part of one.
    /// They overwrite their saved registers in place, so the callers found through them may be wrong. Not recognized by
    /// name, because a program may have several copies of libgcc, linked statically and hidden.
    bool rewrites_its_caller{false};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
