// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "call_site.hpp"
#include "foreign_memory_linux.hpp"
#include "registers_x86_64.hpp"
#include "stack_view.hpp"

#include <cstdint>
#include <cstring>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

[[nodiscard]] inline std::uint64_t displaced(std::uint64_t from, std::uint8_t const* displacement)
{
    std::int32_t d = 0;
    std::memcpy(&d, displacement, sizeof d);
    return from + static_cast<std::uint64_t>(std::int64_t{d});
}

/// The function that a PLT stub, or a jump, at `target` leads to; `target` itself if it is neither.
[[nodiscard]] inline std::uintptr_t resolve_stub(foreign_memory& memory, std::uintptr_t target)
{
    for (int i = 0; i < 3; ++i) {
        fixed<std::uint8_t, 16> code;
        if (!memory.read(target, code.data(), code.size())) return target;
        std::size_t at = 0;
        if (code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && code[3] == 0xfa) at = 4;  // endbr64
        if (code[at] == 0xf2) ++at;                                                            // bnd
        if (code[at] == 0xe9) {                                                                // jmp
            target = displaced(target + at + 5, &code[at + 1]);
        } else if (code[at] == 0xff && code[at + 1] == 0x25) {  // jmp *slot(%rip)
            // A slot that is not bound yet points back into the stub, which is not where a function begins.
            if (!memory.get(displaced(target + at + 6, &code[at + 2]), target)) return target;
        } else {
            break;
        }
    }
    return target;
}

/// The callee of the call before a return address, if it follows from the instruction or from a PLT slot; else 0.
[[nodiscard]] inline std::uintptr_t called_before(foreign_memory& memory, std::uintptr_t return_address)
{
    fixed<std::uint8_t, 6> code;
    std::uintptr_t target = 0;
    if (return_address < 4096 || !memory.read(return_address - code.size(), code.data(), code.size())) return 0;
    if (code[1] == 0xe8)
        target = displaced(return_address, &code[2]);
    else if (code[0] != 0xff || code[1] != 0x15 || !memory.get(displaced(return_address, &code[2]), target))
        return 0;
    return resolve_stub(memory, target);
}

/// Whether the bytes before a return address end in an indirect call, "ff /2" with any addressing mode.
[[nodiscard]] inline bool ends_in_indirect_call(fixed<std::uint8_t, 8> const& code)
{
    auto const is_call = [&](std::size_t length, auto&& addressing_fits) {
        std::uint8_t const modrm = code[8 - length + 1];
        return code[8 - length] == 0xff && (modrm >> 3 & 7) == 2 && addressing_fits(modrm >> 6, modrm & 7);
    };
    using u = unsigned;  // rm 4: a SIB byte follows; mod 0 with rm 5: relative to rip
    return is_call(2, [](u mod, u rm) { return mod == 3 || (mod == 0 && rm != 4 && rm != 5); }) ||
           is_call(3, [](u mod, u rm) { return (mod == 1 && rm != 4) || (mod == 0 && rm == 4); }) ||
           is_call(4, [](u mod, u rm) { return mod == 1 && rm == 4; }) ||
           is_call(6, [](u mod, u rm) { return (mod == 2 && rm != 4) || (mod == 0 && rm == 5); }) ||
           is_call(7, [](u mod, u rm) { return rm == 4 && (mod == 2 || mod == 0); });
}

/// The kind of call before `return_address`, for a callee that begins at `callee`.
[[nodiscard]] inline call_site call_site_before(foreign_memory& memory, std::uintptr_t return_address,
                                                std::uintptr_t callee)
{
    fixed<std::uint8_t, 8> code;
    if (return_address < 4096 || !memory.read(return_address - code.size(), code.data(), code.size()))
        return call_site::none;
    if (code[3] == 0xe8) {
        std::uintptr_t const target = displaced(return_address, &code[4]);
        std::uint8_t probe = 0;
        if (target == callee) return call_site::exact;
        // If nothing is mapped there, the e8 was a part of another instruction.
        if (memory.get(target, probe))
            return resolve_stub(memory, target) == callee ? call_site::exact : call_site::elsewhere;
    }
    if (code[2] == 0xff && code[3] == 0x15) {  // call *slot(%rip)
        std::uintptr_t target = 0;
        if (memory.get(displaced(return_address, &code[4]), target))
            return resolve_stub(memory, target) == callee ? call_site::exact : call_site::indirect;
    }
    return ends_in_indirect_call(code) ? call_site::indirect : call_site::none;
}

/// Whether the call before a return address goes through a pointer. Unlike call_site_before() it does not look for e8
/// first: that byte may belong to the instruction that loads the pointer, and passes for a direct call if its target
/// happens to be mapped. A direct call that looks indirect would need a target more than a hundred megabytes away.
[[nodiscard]] inline bool calls_through_pointer(foreign_memory& memory, std::uintptr_t return_address)
{
    fixed<std::uint8_t, 8> code;
    return return_address >= 4096 && memory.read(return_address - code.size(), code.data(), code.size()) &&
           ends_in_indirect_call(code);
}

/// Whether the instruction before `pc` is a system call: "syscall", or "int $0x80", which 64-bit code may use too.
[[nodiscard]] inline bool follows_system_call(foreign_memory& memory, std::uintptr_t pc)
{
    fixed<std::uint8_t, 2> code;
    if (pc < 4096 || !memory.read(pc - code.size(), code.data(), code.size())) return false;
    return (code[0] == 0x0f && code[1] == 0x05) || (code[0] == 0xcd && code[1] == 0x80);
}

/// Whether a signal handler returns to `pc`: "mov $__NR_rt_sigreturn,%rax; syscall", the same bytes by which libgcc and
/// gdb recognize it. glibc has CFI for it; musl and programs' own restorers do not.
[[nodiscard]] inline bool returns_from_signal(foreign_memory& memory, std::uintptr_t pc)
{
    constexpr fixed<std::uint8_t, 9> restorer{0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
    fixed<std::uint8_t, 9> code;
    return memory.read(pc, code.data(), code.size()) && code == restorer;
}

/// The address of the interrupted code's ucontext_t when a signal handler has just returned.
[[nodiscard]] inline std::uintptr_t signal_context_at(std::uintptr_t sp) { return sp; }

/// Whether an interrupted frame is about to return; `slot` is then the address of its return address, which CFI does
/// not always give: libgcc's eh_return code moves sp without CFI, and gcc's CFI is wrong after the pop of rbp in
/// functions with a realigned frame of dynamic size ("pop %rbp; lea -8(%r10),%rsp; ret").
[[nodiscard]] inline bool about_to_return(foreign_memory& memory, registers const& from, std::uintptr_t& slot)
{
    fixed<std::uint8_t, 5> code;
    if (!from.knows_sp() || !memory.read(from.pc(), code.data(), code.size())) return false;
    if (code[0] == 0xc3 || (code[0] == 0xf3 && code[1] == 0xc3)) {  // ret, rep ret
        slot = from.sp();
        return true;
    }
    constexpr fixed<std::uint8_t, 5> lea_ret{0x49, 0x8d, 0x62, 0xf8, 0xc3};  // lea -8(%r10),%rsp; ret
    if (code != lea_ret || !from.knows(x86_64::r10)) return false;
    slot = from[x86_64::r10] - 8;
    return true;
}

/// The caller of a frame whose return address is at `slot`, and whose preserved registers hold the caller's values: it
/// is about to return, or has not begun.
[[nodiscard]] inline bool return_through(stack_view const& stack, registers const& from, std::uintptr_t slot,
                                         registers& to)
{
    std::uint64_t address = 0;
    if (!stack.read(slot, address) || address == 0) return false;
    registers caller;
    for (unsigned i = 0; i < x86_64::register_count; ++i)
        if (x86_64::preserved_by_calls(i) && from.knows(i)) caller.set(i, from[i]);
    caller.set(x86_64::rsp, slot + 8);
    caller.set(x86_64::program_counter, address);
    to = caller;
    return true;
}

/// The caller of interrupted code without CFI, assuming that it has not moved sp: a stub, or a jump to a wrong address.
[[nodiscard]] inline bool return_at_once(stack_view const& stack, registers const& from, registers& to)
{
    return from.knows_sp() && return_through(stack, from, from.sp(), to);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
