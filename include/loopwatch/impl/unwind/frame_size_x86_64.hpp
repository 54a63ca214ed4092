// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"
#include "cfi_entry.hpp"
#include "foreign_memory_linux.hpp"
#include "instruction_x86_64.hpp"

#include <cstddef>
#include <cstdint>

// x86-64: the distance between frame pointer and stack pointer, found by decoding the code. Of a thread that sleeps in
// the kernel only pc and sp are known, but in code built with frame pointers the CFA is relative to rbp. Searching the
// stack for words that look like a frame is ambiguous at -O0; this is not.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The effect of an instruction on sp, or on the flow of control.
struct stack_motion {
    enum class kind : std::uint8_t {
        none,
        down,          // sp decreases by `amount`, which may be negative
        align,         // sp decreases by up to `amount`
        frame_begins,  // mov %rsp,%rbp
        to_frame,      // sp is restored from rbp: an epilogue
        call,
        branch,  // conditional, to `amount` bytes after the instruction
        jump,    // unconditional, likewise
        leaves,  // ret; a jump through a register; an instruction that traps
        dynamic  // sp changes by a value that is not known
    };

    kind how{kind::none};
    std::int64_t amount{0};
};

[[nodiscard]] inline stack_motion motion_by_modrm(instruction const& i)
{
    using kind = stack_motion::kind;
    bool const rm_is_sp = i.mod() == 3 && i.rm() == 4 && !i.rm_extended();
    bool const reg_is_sp = i.reg() == 4 && !i.reg_extended();
    bool const rm_is_bp = i.mod() == 3 && i.rm() == 5 && !i.rm_extended();
    bool const reg_is_bp = i.reg() == 5 && !i.reg_extended();
    switch (i.opcode) {
        case 0x83:
        case 0x81: {                                   // arithmetic with a constant
            if (!rm_is_sp || i.reg() == 7) return {};  // 7: cmp
            std::int64_t const number = i.number_at(1, i.opcode == 0x83);
            if (i.reg() == 5) return {kind::down, number};
            if (i.reg() == 0) return {kind::down, -number};
            return i.reg() == 4 ? stack_motion{kind::align, -number} : stack_motion{kind::dynamic};
        }
        case 0x8d: {  // lea
            if (!reg_is_sp) return {};
            bool const from_sp = i.rm() == 4 && (i.sib() & 0x3f) == 0x24 && !i.index_extended() && !i.rm_extended();
            if (from_sp) return {kind::down, i.mod() == 0 ? 0 : -i.number_at(2, i.mod() == 1)};
            // An epilogue: relative to rbp or, in a realigned frame, to r10.
            bool const from_bp = i.rm() == 5 && !i.rm_extended();
            bool const from_r10 = i.rm() == 2 && i.rm_extended();
            return {i.mod() != 0 && (from_bp || from_r10) ? kind::to_frame : kind::dynamic};
        }
        case 0x89:  // mov reg, r/m
            if (rm_is_bp && reg_is_sp) return {kind::frame_begins};
            if (rm_is_sp) return {reg_is_bp ? kind::to_frame : kind::dynamic};
            return {};
        case 0x8b:  // mov r/m, reg
            if (reg_is_bp && rm_is_sp) return {kind::frame_begins};
            if (reg_is_sp) return {rm_is_bp ? kind::to_frame : kind::dynamic};
            return {};
        case 0x01:
        case 0x21:
        case 0x29: return {rm_is_sp ? kind::dynamic : kind::none};  // add, and, sub: reg, r/m
        case 0x03:
        case 0x23:
        case 0x2b: return {reg_is_sp ? kind::dynamic : kind::none};  // r/m, reg
        default: return {};
    }
}

[[nodiscard]] inline stack_motion motion_of(instruction const& i)
{
    using kind = stack_motion::kind;
    std::uint8_t const o = i.opcode;
    if (i.map == 1 && (o & 0xf0) == 0x80) return {kind::branch, i.number_at(0, false)};
    if (i.map == 1 && o == 0x0b) return {kind::leaves};  // ud2
    if (i.map != 0) return {};
    if ((o & 0xf8) == 0x50 || o == 0x68 || o == 0x6a) return {kind::down, 8};  // push
    if ((o & 0xf8) == 0x58 || o == 0x8f) return {kind::down, -8};              // pop
    if (o == 0xc9) return {kind::to_frame};                                    // leave
    if (o == 0xc2 || o == 0xc3 || o == 0xf4) return {kind::leaves};            // ret, hlt
    if (o == 0xe8) return {kind::call};
    if (o == 0xe9 || o == 0xeb) return {kind::jump, i.number_at(0, o == 0xeb)};
    if ((o & 0xf0) == 0x70 || (o & 0xfc) == 0xe0) return {kind::branch, i.number_at(0, true)};
    if (o == 0xff && i.reg() == 2) return {kind::call};
    if (o == 0xff && i.reg() == 4) return {kind::leaves};
    if (o == 0xff && i.reg() == 6) return {kind::down, 8};
    return i.has_modrm && i.wide() ? motion_by_modrm(i) : stack_motion{};
}

/// rbp - sp is at least `size`, and at most `size + slack`: "and $-32,%rsp" drops up to 31 bytes.
struct frame_size {
    std::int64_t size{0};
    std::int64_t slack{0};
    bool dynamic{false};  // sp is also moved by amounts known at run time only (VLA, alloca): no upper bound
};

/// Decodes a function from its first instruction to its last, and tracks how far sp is below rbp (the depth), including
/// what is pushed before a call and dropped after it. At the target of a forward jump the depth is that at the jump.
class frame_size_reader {
public:
    frame_size_reader(foreign_memory& memory, cfi_entry const& function) : memory_{&memory}, function_{&function} {}

    /// The size at `pc`, a return address. Nothing: the function has an unknown instruction, or sets up no frame, as
    /// the cold parts of functions, where it is already set up.
    [[nodiscard]] maybe<frame_size> at(std::uintptr_t pc)
    {
        constexpr std::size_t longest = 65'536;
        maybe<frame_size> found;
        if (function_->end - function_->begin > longest) return nothing;
        for (std::uintptr_t at = function_->begin; at < function_->end;) {
            apply_jumps_to(at);
            if (at == pc && in_frame_) found = frame_size{depth_, slack_, false};
            fixed<std::uint8_t, 16> code{};
            std::size_t const left = function_->end - at;
            // At the end of a module's code fewer than 16 bytes may be mapped.
            if (!memory_->read(at, code.data(), code.size()) && !memory_->read(at, code.data(), left < 16 ? left : 16))
                return nothing;
            auto const i = decode(code.data());
            if (!i) return nothing;
            at += i->length;
            follow(*i, at);
        }
        // A call that does not return may be the last instruction.
        if (pc == function_->end && in_frame_) found = frame_size{depth_before_, slack_, false};
        if (found) found->dynamic = dynamic_;
        bool const makes_sense = found && found->size >= 0 && found->size < largest && found->slack < largest;
        return makes_sense ? found : nothing;
    }

private:
    static constexpr std::int64_t largest = 1 << 26;
    using kind = stack_motion::kind;

    struct jump_target {
        std::uintptr_t at{0};
        std::int64_t depth{0};
    };

    void follow(instruction const& i, std::uintptr_t next)
    {
        stack_motion const motion = motion_of(i);
        depth_before_ = depth_;
        switch (motion.how) {
            case kind::down: depth_ += motion.amount; break;
            case kind::align: slack_ += motion.amount; break;
            case kind::frame_begins:
                in_frame_ = true;
                depth_ = floor_ = slack_ = 0;
                has_floor_ = false;
                break;
            case kind::dynamic: dynamic_ = true; break;
            case kind::call: update_floor(); break;
            case kind::branch:
                update_floor();
                note_jump(next, motion.amount);
                break;
            case kind::jump:
                update_floor();
                note_jump(next, motion.amount);
                depth_ = floor_;
                break;
            case kind::leaves: depth_ = floor_; break;
            case kind::to_frame:
            case kind::none: break;
        }
        if (i.map == 0) follow_probing(i);
    }

    // -fstack-clash-protection probes each page of a large frame in a loop, "sub $4096,%rsp; orq $0,(%rsp);
    // cmp %r11,%rsp; jne". Before it, r11 is set to where sp will end: "lea -size(%rsp),%r11" (gcc) or "mov %rsp,%r11;
    // sub $size,%r11" (clang).
    void follow_probing(instruction const& i)
    {
        if (!i.has_modrm || !i.wide()) return;
        bool const reg_is_r11 = i.reg() == 3 && i.reg_extended();
        bool const rm_is_r11 = i.mod() == 3 && i.rm() == 3 && i.rm_extended();
        bool const rm_is_sp = i.mod() == 3 && i.rm() == 4 && !i.rm_extended();
        if (i.opcode == 0x8d && reg_is_r11 && i.mod() == 2 && i.rm() == 4 && i.sib() == 0x24 && !i.rm_extended())
            r11_depth_ = depth_ - i.number_at(2, false);
        if (i.opcode == 0x89 && rm_is_r11 && i.reg() == 4 && !i.reg_extended()) r11_depth_ = depth_;
        if (i.opcode == 0x81 && rm_is_r11 && i.reg() == 5) r11_depth_ += i.number_at(1, false);
        if (i.opcode == 0x39 && reg_is_r11 && rm_is_sp && r11_depth_ > depth_) depth_ = r11_depth_;
    }

    // The floor is the smallest depth at any call or branch so far. It is assumed after a return or jump, unless a
    // known jump leads there.
    void update_floor()
    {
        if (!has_floor_ || depth_ < floor_) floor_ = depth_;
        has_floor_ = true;
    }

    void note_jump(std::uintptr_t next, std::int64_t distance)
    {
        if (distance <= 0) return;
        std::uintptr_t const target = next + static_cast<std::uint64_t>(distance);
        for (jump_target& t : targets_)
            if (t.at < next || t.at == target) {
                t = {target, depth_};
                return;
            }
    }

    void apply_jumps_to(std::uintptr_t at)
    {
        for (jump_target const& t : targets_)
            if (t.at == at) depth_ = t.depth;
    }

    foreign_memory* memory_;
    cfi_entry const* function_;
    std::int64_t depth_{0};
    std::int64_t depth_before_{0};  // before the last instruction
    std::int64_t floor_{0};
    std::int64_t slack_{0};
    std::int64_t r11_depth_{0};
    bool has_floor_{false};
    bool in_frame_{false};
    bool dynamic_{false};
    fixed<jump_target, 64> targets_{};
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
