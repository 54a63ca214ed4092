// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "register_set.hpp"

#include <cstddef>
#include <cstdint>

#include <ucontext.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// System V ABI, AMD64 supplement, figure 3.36: DWARF register numbers.
struct x86_64 {
    static constexpr unsigned register_count = 17;
    static constexpr unsigned rax = 0, rdx = 1, rcx = 2, rbx = 3, rsi = 4, rdi = 5, rbp = 6, rsp = 7, r8 = 8, r9 = 9,
                              r10 = 10, r11 = 11, r12 = 12, r15 = 15;
    static constexpr unsigned stack_pointer = rsp;
    static constexpr unsigned frame_pointer = rbp;
    static constexpr unsigned program_counter = 16;

    /// How many bytes below the stack pointer a leaf function may use; signal handlers leave them alone (ibid., 3.2.2).
    static constexpr std::size_t red_zone = 128;

    [[nodiscard]] static constexpr bool preserved_by_calls(unsigned number)
    {
        return number == rbx || number == rbp || (number >= r12 && number <= r15);
    }

    /// How many registers a function saves only so that the unwinder can pass values to a landing pad in them.
    static constexpr unsigned exception_registers = 2;

    [[nodiscard]] static std::uintptr_t code_address(std::uintptr_t address) { return address; }
};

using registers = register_set<x86_64>;

/// The general registers, contiguous as in a signal's context. Copied by the signal handler.
using machine_words = fixed<std::uint64_t, 17>;

[[nodiscard]] constexpr std::size_t offset_of_machine_words()
{
    return offsetof(ucontext_t, uc_mcontext) + offsetof(mcontext_t, gregs);
}

[[nodiscard]] inline registers registers_of(machine_words const& words)
{
    static_assert(REG_R8 == 0 && REG_RIP == 16);
    constexpr fixed<unsigned, 17> place{REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                                        REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    registers all;
    for (unsigned i = 0; i < place.size(); ++i) all.set(i, words[place[i]]);
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
