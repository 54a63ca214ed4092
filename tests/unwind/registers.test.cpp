// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/unwind/registers.hpp>

#include <cstring>

#include <ucontext.h>

using namespace loopwatch::detail;

TEST_CASE("what was not set is not known", "[registers]")
{
    registers r;
    for (unsigned i = 0; i < 200; ++i) CHECK_FALSE(r.knows(i));
    CHECK_FALSE(r.knows(~std::uint64_t{0}));
    r.set(3, 42);
    CHECK(r.knows(3));
    CHECK(r[3] == 42);
    r.forget(3);
    CHECK_FALSE(r.knows(3));
    registers const two = registers_of_sleeper(11, 22);
    CHECK(two.pc() == 11);
    CHECK(two.sp() == 22);
    CHECK(two.knows_sp());
    CHECK_FALSE(two.knows_fp());
}

TEST_CASE("a signal's context gives each register its DWARF number", "[registers]")
{
    ucontext_t context{};
    auto& m = context.uc_mcontext;
#if LOOPWATCH_HAS_X86_64()
    constexpr int in_dwarf_order[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
                                      REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    for (int i = 0; i < 17; ++i) m.gregs[in_dwarf_order[i]] = 100 + i;
#else
    for (unsigned i = 0; i < 31; ++i) m.regs[i] = 100 + i;
    m.sp = 131;
    m.pc = 132;
#endif
    machine_words words;
    std::memcpy(&words, machine_words_in(&context), sizeof words);
    registers const r = registers_of(words);
    for (unsigned i = 0; i < machine::register_count; ++i) {
        REQUIRE(r.knows(i));
        CHECK(r[i] == 100 + i);
    }
    CHECK(r.pc() == 100 + machine::program_counter);
    CHECK(r.sp() == 100 + machine::stack_pointer);
    CHECK(r.fp() == 100 + machine::frame_pointer);
}

TEST_CASE("an address without an authentication code stays as it is", "[registers]")
{
    auto const here = reinterpret_cast<std::uintptr_t>(&registers_of_sleeper);
    CHECK(machine::code_address(here) == here);
    CHECK(machine::code_address(0) == 0);
#if LOOPWATCH_HAS_AARCH64()
    // Signed by PACIA1716, a hint that does nothing on processors without pointer authentication.
    register std::uintptr_t signed_pointer __asm__("x17") = here;
    register std::uintptr_t modifier __asm__("x16") = 0x1234;
    __asm__("hint #8" : "+r"(signed_pointer) : "r"(modifier));
    std::uintptr_t const result = signed_pointer;
    CHECK(machine::code_address(result) == here);
#endif
}
