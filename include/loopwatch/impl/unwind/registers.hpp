// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// The machine is chosen here and in machine_code.hpp. Each offers, in namespace detail:
//   registers                      a register_set<machine>, by DWARF numbers
//   machine_words                  the general registers as laid out in a signal's context, to be copied by its handler
//   offset_of_machine_words()      their offset in a ucontext_t
//   registers_of(machine_words)
#if LOOPWATCH_HAS_X86_64()
#include "registers_x86_64.hpp"
#else
#include "registers_aarch64.hpp"
#endif

#include <cstdint>
#include <type_traits>

#include <ucontext.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

using machine = registers::machine;
static_assert(std::is_trivially_copyable_v<registers> && std::is_trivially_copyable_v<machine_words>);

/// The address of the machine_words in a signal's context. async-signal-safe.
[[nodiscard, gnu::always_inline]] inline void const* machine_words_in(void const* context)
{
    return static_cast<char const*>(context) + offset_of_machine_words();
}

/// The registers of a thread that sleeps in the kernel: /proc/self/task/TID/syscall gives only these two.
[[nodiscard]] inline registers registers_of_sleeper(std::uintptr_t pc, std::uintptr_t sp)
{
    registers two;
    two.set(machine::program_counter, pc);
    two.set(machine::stack_pointer, sp);
    return two;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
