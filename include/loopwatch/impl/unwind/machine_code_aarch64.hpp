// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "call_site.hpp"
#include "foreign_memory_linux.hpp"
#include "registers_aarch64.hpp"
#include "stack_view.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The function that a PLT stub at `target` jumps to; `target` itself if it is no stub. A stub is "adrp x16, page; ldr
/// x17, [x16, #slot]; add; br x17", with or without "bti c" before it.
[[nodiscard]] inline std::uintptr_t resolve_stub(foreign_memory& memory, std::uintptr_t target)
{
    fixed<std::uint32_t, 3> code;
    std::uintptr_t at = target;
    if (!memory.get(at, code)) return target;
    if (code[0] == 0xd503245f && !memory.get(at += 4, code)) return target;
    if ((code[0] & 0x9f00001f) != 0x90000010 || (code[1] & 0xffc003ff) != 0xf9400211) return target;
    std::uint64_t const pages = (code[0] >> 5 & 0x7ffff) << 2 | (code[0] >> 29 & 3);
    std::int64_t const distance = static_cast<std::int64_t>(pages << 43) >> 43;
    std::uintptr_t const page = (at & ~std::uintptr_t{4095}) + static_cast<std::uint64_t>(distance) * 4096;
    std::uintptr_t bound = 0;
    return memory.get(page + (code[1] >> 10 & 0xfff) * 8, bound) ? bound : target;
}

/// The callee of the call before a return address, if it follows from the instruction or from a PLT slot; else 0.
[[nodiscard]] inline std::uintptr_t called_before(foreign_memory& memory, std::uintptr_t return_address)
{
    std::uint32_t code = 0;
    if (return_address < 4096 || (return_address & 3) != 0 || !memory.get(return_address - 4, code)) return 0;
    if ((code & 0xfc000000) != 0x94000000) return 0;  // bl
    std::int64_t const words = static_cast<std::int32_t>(code << 6) >> 6;
    return resolve_stub(memory, return_address - 4 + static_cast<std::uint64_t>(words * 4));
}

/// The kind of call before `return_address`, for a callee that begins at `callee`.
[[nodiscard]] inline call_site call_site_before(foreign_memory& memory, std::uintptr_t return_address,
                                                std::uintptr_t callee)
{
    std::uint32_t code = 0;
    if (return_address < 4096 || (return_address & 3) != 0 || !memory.get(return_address - 4, code))
        return call_site::none;
    if ((code & 0xfc000000) == 0x94000000) {  // bl
        std::int64_t const words = static_cast<std::int32_t>(code << 6) >> 6;
        std::uintptr_t const target = return_address - 4 + static_cast<std::uint64_t>(words * 4);
        return target == callee ? call_site::exact : call_site::elsewhere;
    }
    bool const blr = (code & 0xfffffc1f) == 0xd63f0000;
    bool const authenticated = (code & 0xfefff800) == 0xd63f0800;  // blraa, blrab, blraaz, blrabz
    return blr || authenticated ? call_site::indirect : call_site::none;
}

/// Whether the call before a return address goes through a pointer.
[[nodiscard]] inline bool calls_through_pointer(foreign_memory& memory, std::uintptr_t return_address)
{
    return call_site_before(memory, return_address, 0) == call_site::indirect;
}

/// Whether the instruction before `pc` is a system call, "svc #0".
[[nodiscard]] inline bool follows_system_call(foreign_memory& memory, std::uintptr_t pc)
{
    std::uint32_t code = 0;
    return pc >= 4096 && (pc & 3) == 0 && memory.get(pc - 4, code) && code == 0xd4000001;
}

/// Whether a signal handler returns to `pc`: "mov x8, #__NR_rt_sigreturn; svc #0", the same words by which libgcc and
/// gdb recognize it, since the vdso has no CFI for it.
[[nodiscard]] inline bool returns_from_signal(foreign_memory& memory, std::uintptr_t pc)
{
    constexpr fixed<std::uint32_t, 2> restorer{0xd2801168, 0xd4000001};
    fixed<std::uint32_t, 2> code;
    return (pc & 3) == 0 && memory.get(pc, code) && code == restorer;
}

/// The address of the interrupted code's ucontext_t when a signal handler has just returned: the kernel puts a
/// siginfo_t before it.
[[nodiscard]] inline std::uintptr_t signal_context_at(std::uintptr_t sp) { return sp + 128; }

/// Not needed on aarch64: before a return the return address is in x30, and CFI says so.
[[nodiscard]] inline bool about_to_return(foreign_memory&, registers const&, std::uintptr_t&) { return false; }
[[nodiscard]] inline bool return_through(stack_view const&, registers const&, std::uintptr_t, registers&)
{
    return false;
}

/// The caller of interrupted code without CFI, assuming that it has not moved sp: a stub, or a jump to a wrong address.
[[nodiscard]] inline bool return_at_once(stack_view const&, registers const& from, registers& to)
{
    if (!from.knows(aarch64::link_register) || !from.knows_sp()) return false;
    registers caller = from;
    for (unsigned i = 0; i < aarch64::x19; ++i) caller.forget(i);
    caller.forget(aarch64::link_register);
    caller.set(aarch64::program_counter, aarch64::code_address(from[aarch64::link_register]));
    to = caller;
    return true;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
