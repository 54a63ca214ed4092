// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "unwind/support/handmade_cfi.hpp"

#include <loopwatch/impl/unwind/cfi_expression.hpp>
#include <loopwatch/impl/unwind/cfi_program.hpp>

#include <memory>
#include <random>

using namespace loopwatch::detail;
using handmade::bytes;
using kind = cfi_rule::kind;

namespace {

struct program {
    bytes initial, instructions;
    std::uint64_t code_alignment = 1;
    bool ok = false;
    cfi_notes notes{};

    cfi_row at(std::uintptr_t offset)
    {
        auto const memory = std::make_unique<foreign_memory>();
        cfi_entry entry;
        entry.begin = 0x1000;
        entry.end = 0x9000;
        entry.code_alignment = code_alignment;
        entry.data_alignment = -8;
        entry.initial_program = initial.all();
        entry.program = instructions.all();
        cfi_program run{*memory, entry, 0x1000 + offset};
        ok = run.run();
        notes = run.notes();
        return run.row();
    }
};

}  // namespace

TEST_CASE("a plain function, as gcc describes it: push %rbp; mov %rsp,%rbp; ...; leave; ret", "[cfi_program]")
{
    program p{{0x0c, 7, 8, 0x90, 1},                    // def_cfa r7+8; offset r16 at cfa-8
              {0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6,  // at 1: offset 16, r6 at cfa-16; at 4: register r6
               0x02, 0x50, 0x0c, 7, 8}};                // at 0x54: r7+8
    auto row = p.at(0);
    CHECK(p.ok);
    CHECK(row.cfa_register == 7);
    CHECK(row.cfa_offset == 8);
    CHECK(row.rules[16].how == kind::at_offset);
    CHECK(row.rules[16].offset == -8);
    CHECK(row.rules[6].how == kind::unspecified);
    row = p.at(1);
    CHECK(row.cfa_offset == 16);
    CHECK(row.rules[6].offset == -16);
    row = p.at(4);
    CHECK(row.cfa_register == 6);
    CHECK(row.cfa_offset == 16);
    row = p.at(0x53);
    CHECK(row.cfa_register == 6);
    row = p.at(0x54);
    CHECK(row.cfa_register == 7);
    CHECK(row.cfa_offset == 8);
}

TEST_CASE("state is remembered and restored, nested, with the CFA", "[cfi_program]")
{
    program p{{0x0c, 7, 8}, {0x0a, 0x41, 0x0e, 16, 0x0a, 0x41, 0x0e, 24, 0x83, 3, 0x41, 0x0b, 0x41, 0x0b}};
    CHECK(p.at(2).cfa_offset == 24);
    CHECK(p.at(2).rules[3].offset == -24);
    CHECK(p.at(3).cfa_offset == 16);
    CHECK(p.at(3).rules[3].how == kind::unspecified);
    CHECK(p.at(4).cfa_offset == 8);
    CHECK(p.ok);

    program const unpaired{{}, {0x0b}}, too_deep{{}, {0x0a, 0x0a, 0x0a, 0x0a, 0x0a}};
    for (program q : {unpaired, too_deep}) {
        q.at(0);
        CHECK_FALSE(q.ok);
    }
}

TEST_CASE("restore goes back to what the CIE says", "[cfi_program]")
{
    program p{{0x83, 1}, {0x83, 5, 0x86, 2, 0x41, 0xc3, 0x06, 6}};
    CHECK(p.at(0).rules[3].offset == -40);
    CHECK(p.at(1).rules[3].offset == -8);
    CHECK(p.at(1).rules[6].how == kind::unspecified);
}

TEST_CASE("every kind of rule", "[cfi_program]")
{
    program p{{}, {0x07, 1, 0x08, 2,    0x09, 3, 12,   0x05, 4, 2,    0x11, 5,    0x7e, 0x14, 6,   3,
                   0x15, 8, 0x7d, 0x2f, 9,    4, 0x10, 10,   2, 0x77, 8,    0x16, 11,   1,    0x31}};
    auto const row = p.at(0);
    REQUIRE(p.ok);
    CHECK(row.rules[1].how == kind::undefined);
    CHECK(row.rules[2].how == kind::same);
    CHECK(row.rules[3].how == kind::in_register);
    CHECK(row.rules[3].offset == 12);
    CHECK(row.rules[4].offset == -16);  // offset_extended
    CHECK(row.rules[5].offset == 16);   // offset_extended_sf
    CHECK(row.rules[6].how == kind::is_offset);
    CHECK(row.rules[6].offset == -24);  // val_offset
    CHECK(row.rules[8].how == kind::is_offset);
    CHECK(row.rules[8].offset == 24);  // val_offset_sf
    CHECK(row.rules[9].how == kind::at_offset);
    CHECK(row.rules[9].offset == 32);  // GNU_negative_offset_extended
    CHECK(row.rules[10].how == kind::at_expression);
    CHECK(row.rules[10].expression.at == p.instructions.at(25));
    CHECK(row.rules[10].expression.size == 2);
    CHECK(row.rules[11].how == kind::is_expression);
    CHECK(row.rules[11].expression.size == 1);
}

TEST_CASE("every way to say the CFA", "[cfi_program]")
{
    program p{{}, {0x12, 6, 0x7e, 0x41, 0x13, 0x7d, 0x41, 0x0f, 2, 0x76, 0x78, 0x41, 0x0c, 7, 16, 0x41, 0x0d, 6}};
    CHECK(p.at(0).cfa_register == 6);
    CHECK(p.at(0).cfa_offset == 16);
    CHECK(p.at(1).cfa_offset == 24);
    CHECK(p.at(2).cfa_by_expression);
    CHECK(p.at(2).cfa_expression.size == 2);
    CHECK_FALSE(p.at(3).cfa_by_expression);
    CHECK(p.at(3).cfa_offset == 16);
    CHECK(p.at(4).cfa_register == 6);
    CHECK(p.ok);
}

TEST_CASE("locations advance by every width, in units of the code alignment", "[cfi_program]")
{
    program p{{0x0c, 7, 1}, {0x41, 0x0e, 2, 0x02, 2, 0x0e, 3, 0x03, 4, 0, 0x0e, 4, 0x04, 8, 0, 0, 0, 0x0e, 5}};
    p.code_alignment = 4;
    CHECK(p.at(3).cfa_offset == 1);
    CHECK(p.at(4).cfa_offset == 2);
    CHECK(p.at(11).cfa_offset == 2);
    CHECK(p.at(12).cfa_offset == 3);
    CHECK(p.at(28).cfa_offset == 4);
    CHECK(p.at(59).cfa_offset == 4);
    CHECK(p.at(60).cfa_offset == 5);
    program q{{0x0c, 7, 1}, {}};
    q.instructions.add({0x01}).number(std::uint64_t{0x1040}).add({0x0e, 9});  // set_loc
    CHECK(q.at(0x3f).cfa_offset == 1);
    CHECK(q.at(0x40).cfa_offset == 9);
}

TEST_CASE("what the notes tell is not restored with the state", "[cfi_program]")
{
    program p{{0x0c, 7, 8}, {0x0a, 0x41, 0x2e, 16, 0x41, 0x0b, 0x41, 0x2e, 0}};
    p.at(1);
    CHECK(p.notes.arguments_size == 16);
    p.at(2);
    CHECK(p.notes.arguments_size == 16);
    p.at(3);
    CHECK(p.notes.arguments_size == 0);
}

TEST_CASE("aarch64's signed return addresses toggle, and are remembered", "[cfi_program]")
{
    program p{{}, {0x2d, 0x0a, 0x41, 0x2d, 0x41, 0x0b, 0x41, 0x2c}};
    CHECK(p.at(0).return_address_signed);
    CHECK_FALSE(p.at(1).return_address_signed);
    CHECK(p.at(2).return_address_signed);
    CHECK_FALSE(p.at(3).return_address_signed);
    CHECK(p.ok);
}

TEST_CASE("registers that are not followed are skipped", "[cfi_program]")
{
    program p{{0x0c, 7, 8}, {0x05, 72, 2, 0x10, 64, 1, 0x31, 0x08, 0xff, 0x7f, 0x06, 80, 0x0e, 24}};
    CHECK(p.at(0).cfa_offset == 24);
    CHECK(p.ok);
}

TEST_CASE("damaged programs are refused", "[cfi_program]")
{
    for (bytes const& damaged :
         {bytes{0x3f}, bytes{0x0c, 7}, bytes{0x0f, 20, 1}, bytes{0x86}, bytes{0x17, 1}, bytes{0x04, 1}}) {
        program p{{}, damaged};
        p.at(0);
        CHECK_FALSE(p.ok);
    }
}

TEST_CASE("functions that rewrite their caller are known by the registers that they save", "[cfi_program]")
{
    program p{{}, {0x80, 2, 0x41, 0x81, 3, 0x41, 0xc0, 0xc1}};
    if (machine::exception_registers == 4)
        p.instructions = bytes{0x80, 2, 0x82, 3, 0x41, 0x81, 3, 0x83, 4, 0x41, 0xc0, 0xc1};
    p.at(0);
    CHECK_FALSE(p.notes.rewrites_its_caller);
    p.at(1);
    CHECK(p.notes.rewrites_its_caller);
    p.at(2);  // in the epilogue too
    CHECK(p.notes.rewrites_its_caller);
    // mcount saves every register that can carry an argument.
    program all{{}, {0x80, 2, 0x81, 3, 0x82, 4, 0x83, 5, 0x84, 6, 0x85, 7}};
    all.at(0);
    CHECK_FALSE(all.notes.rewrites_its_caller);
}

TEST_CASE("programs, entries and expressions of random bytes end", "[cfi_program][cfi_expression][cfi_entry]")
{
    auto const memory = std::make_unique<foreign_memory>();
    std::mt19937 random{1};
    std::size_t fine = 0;
    for (int round = 0; round < 20'000; ++round) {
        memory->forget();
        bytes b;
        for (int i = 0; i < 64; ++i) b.add({static_cast<int>(random() & 0xff)});
        cfi_entry entry;
        if (round % 4 == 0) {
            b.patch(0, std::uint32_t{60});
            b.patch(4, static_cast<std::uint32_t>(random() % 64));
            fine += parse_fde(*memory, b.at(), entry) ? 1 : 0;
        }
        entry = {};
        entry.begin = 0x1000;
        entry.end = 0x2000;
        entry.data_alignment = static_cast<std::int64_t>(random());
        entry.program = b.all();
        cfi_program program{*memory, entry, 0x1000 + random() % 0x1000};
        fine += program.run() ? 1 : 0;
        registers values;
        for (unsigned i = 0; i < machine::register_count; i += 2) values.set(i, random());
        stack_view const stack{{b.at(), {}}, outside_copy::read, *memory};
        fine += cfi_expression{*memory, values, stack}.evaluate(b.all(), round).known() ? 1 : 0;
    }
    CHECK(fine > 0);
}
