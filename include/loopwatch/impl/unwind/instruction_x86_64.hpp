// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A decoded instruction, as far as its length and its effect on the stack pointer require (Intel SDM, volume 2,
/// chapter 2 and appendix A).
struct instruction {
    std::uint8_t map{0};  // the opcode map: 0 one byte, 1 0f, 2 0f 38, 3 0f 3a
    std::uint8_t rex{0};
    std::uint8_t opcode{0};
    std::uint8_t modrm{0};
    bool has_modrm{false};
    bool narrow{false};  // prefix 66: immediates have two bytes
    std::uint8_t length{0};
    std::uint8_t const* behind_opcode{nullptr};

    [[nodiscard]] unsigned mod() const { return modrm >> 6; }
    [[nodiscard]] unsigned reg() const { return modrm >> 3 & 7; }
    [[nodiscard]] unsigned rm() const { return modrm & 7; }
    [[nodiscard]] bool wide() const { return (rex & 8) != 0; }
    [[nodiscard]] bool reg_extended() const { return (rex & 4) != 0; }
    [[nodiscard]] bool index_extended() const { return (rex & 2) != 0; }
    [[nodiscard]] bool rm_extended() const { return (rex & 1) != 0; }
    [[nodiscard]] std::uint8_t sib() const { return behind_opcode[1]; }

    /// A signed number of one or four bytes, at `offset` after the opcode.
    [[nodiscard]] std::int64_t number_at(std::size_t offset, bool one_byte) const
    {
        if (one_byte) return static_cast<std::int8_t>(behind_opcode[offset]);
        std::int32_t value = 0;
        std::memcpy(&value, behind_opcode + offset, sizeof value);
        return value;
    }
};

/// What follows an opcode: whether a ModRM byte does, and the size of the immediate.
struct operands {
    bool modrm;
    std::uint8_t immediate;
};

[[nodiscard]] inline maybe<operands> operands_of_one_byte_opcode(instruction const& i, std::uint8_t next)
{
    std::uint8_t const o = i.opcode;
    std::uint8_t const full = i.narrow ? 2 : 4;
    auto const within = [o](unsigned from, unsigned to) { return o >= from && o <= to; };
    if (o < 0x40) {  // arithmetic
        if ((o & 7) < 4) return operands{true, 0};
        if ((o & 7) == 4) return operands{false, 1};
        if ((o & 7) == 5) return operands{false, full};
        return nothing;
    }
    if (within(0x50, 0x5f) || within(0x90, 0x99) || within(0x9b, 0x9d) || within(0xa4, 0xa7) || within(0xaa, 0xaf) ||
        o == 0xc3 || o == 0xc9 || o == 0xcc || o == 0xf4)
        return operands{false, 0};
    if (o == 0x6a || within(0x70, 0x7f) || o == 0xa8 || within(0xb0, 0xb7) || o == 0xeb || o == 0xcd ||
        within(0xe0, 0xe3))
        return operands{false, 1};
    if (o == 0x68 || o == 0xa9) return operands{false, full};
    if (within(0xb8, 0xbf)) return operands{false, i.wide() ? std::uint8_t{8} : full};
    if (o == 0xe8 || o == 0xe9) return operands{false, 4};
    if (o == 0xc2) return operands{false, 2};
    if (o == 0x69 || o == 0x81 || o == 0xc7) return operands{true, full};
    if (o == 0x6b || o == 0x80 || o == 0x83 || o == 0xc0 || o == 0xc1 || o == 0xc6) return operands{true, 1};
    bool const is_test = (next >> 3 & 7) < 2;
    if (o == 0xf6) return operands{true, is_test ? std::uint8_t{1} : std::uint8_t{0}};
    if (o == 0xf7) return operands{true, is_test ? full : std::uint8_t{0}};
    if (o == 0x63 || within(0x84, 0x8f) || within(0xd0, 0xd3) || within(0xd8, 0xdf) || o >= 0xfe)
        return operands{true, 0};
    return nothing;
}

[[nodiscard]] inline maybe<operands> operands_of(instruction const& i, std::uint8_t next)
{
    std::uint8_t const o = i.opcode;
    auto const within = [o](unsigned from, unsigned to) { return o >= from && o <= to; };
    switch (i.map) {
        case 0: return operands_of_one_byte_opcode(i, next);
        case 1:
            if (within(0x80, 0x8f)) return operands{false, 4};  // jcc
            if (o == 0x05 || o == 0x0b || within(0x30, 0x37) || o == 0x77 || within(0xa0, 0xa2) || within(0xa8, 0xaa) ||
                within(0xc8, 0xcf))
                return operands{false, 0};
            if (within(0x70, 0x73) || o == 0xa4 || o == 0xac || o == 0xba || o == 0xc2 || within(0xc4, 0xc6))
                return operands{true, 1};
            return operands{true, 0};
        case 2: return operands{true, 0};
        case 3: return operands{true, 1};
        default: return nothing;
    }
}

/// Decodes the instruction at `code`, where 16 bytes must be readable. Nothing: it is unknown. Verified against objdump
/// on all of libc.
[[nodiscard]] inline maybe<instruction> decode(std::uint8_t const* code)
{
    constexpr int longest = 12;
    instruction i;
    std::uint8_t const* at = code;
    for (;; ++at) {
        if (at - code > longest) return nothing;
        bool const is_prefix = *at == 0x66 || *at == 0xf0 || *at == 0xf2 || *at == 0xf3 || *at == 0x2e || *at == 0x36 ||
                               *at == 0x3e || *at == 0x26 || *at == 0x64 || *at == 0x65;
        if (!is_prefix) break;
        i.narrow = i.narrow || *at == 0x66;
    }
    if ((*at & 0xf0) == 0x40) i.rex = *at++;
    if (*at == 0xc5) {  // VEX, two bytes
        i.map = 1;
        at += 2;
    } else if (*at == 0xc4) {  // VEX, three bytes
        i.map = at[1] & 0x1f;
        at += 3;
    } else if (*at == 0x62) {  // EVEX
        i.map = at[1] & 7;
        at += 4;
    } else if (*at == 0x0f) {
        i.map = at[1] == 0x38 ? 2 : at[1] == 0x3a ? 3 : 1;
        at += i.map == 1 ? 1 : 2;
    }
    if (at - code > longest) return nothing;
    i.opcode = *at++;
    i.behind_opcode = at;
    auto const follows = operands_of(i, *at);
    if (!follows) return nothing;
    std::size_t tail = follows->immediate;
    if (follows->modrm) {
        i.has_modrm = true;
        i.modrm = *at++;
        if (i.mod() != 3) {
            bool const has_sib = i.rm() == 4;
            if (i.mod() == 1) tail += 1;
            if (i.mod() == 2 || (i.mod() == 0 && (i.rm() == 5 || (has_sib && (*at & 7) == 5)))) tail += 4;
            if (has_sib) ++at;
        }
    }
    std::size_t const length = static_cast<std::size_t>(at - code) + tail;
    if (length > 15) return nothing;
    i.length = static_cast<std::uint8_t>(length);
    return i;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
