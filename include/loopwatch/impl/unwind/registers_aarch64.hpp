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

/// DWARF for the Arm 64-bit Architecture (aadwarf64), 4.1: DWARF register numbers.
struct aarch64 {
    static constexpr unsigned register_count = 33;
    static constexpr unsigned x19 = 19, x29 = 29, x30 = 30;
    static constexpr unsigned stack_pointer = 31;
    static constexpr unsigned frame_pointer = x29;
    static constexpr unsigned program_counter = 32;
    static constexpr unsigned link_register = x30;

    /// Linux has none, but code may have stored a pair below sp just before it moves sp there.
    static constexpr std::size_t red_zone = 128;

    /// Without x30, which a function that calls another must have saved.
    [[nodiscard]] static constexpr bool preserved_by_calls(unsigned number) { return number >= x19 && number <= x29; }

    /// How many registers a function saves only so that the unwinder can pass values to a landing pad in them.
    static constexpr unsigned exception_registers = 4;

    /// Removes the pointer-authentication code. By XPACLRI, which knows how many bits an address has on this system;
    /// written as a hint, which older processors ignore.
    [[nodiscard]] static std::uintptr_t code_address(std::uintptr_t address)
    {
        register std::uintptr_t lr __asm__("x30") = address;
        __asm__("hint #7" : "+r"(lr));
        return lr;
    }
};

using registers = register_set<aarch64>;

/// The general registers, contiguous as in a signal's context: x0 to x30, sp, pc. Copied by the signal handler.
using machine_words = fixed<std::uint64_t, 33>;

[[nodiscard]] constexpr std::size_t offset_of_machine_words()
{
    static_assert(offsetof(mcontext_t, pc) == offsetof(mcontext_t, regs) + 32 * sizeof(std::uint64_t));
    return offsetof(ucontext_t, uc_mcontext) + offsetof(mcontext_t, regs);
}

[[nodiscard]] inline registers registers_of(machine_words const& words)
{
    registers all;
    for (unsigned i = 0; i < words.size(); ++i) all.set(i, words[i]);
    return all;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
