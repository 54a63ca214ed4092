// SPDX-License-Identifier: BSL-1.0

// Assembler that forgets the size of its symbol, and behind it a function whose own symbol is stripped.
asm(R"(
    .text
    .globl has_no_size
has_no_size:
    nop
    nop
    ret
    .hidden is_stripped
    .globl is_stripped
    .type is_stripped, %function
is_stripped:
    nop
    nop
    ret
    .size is_stripped, . - is_stripped
)");

extern "C" void is_stripped();
// One byte into it.
extern "C" void const* place() { return reinterpret_cast<char const*>(&is_stripped) + 1; }
