// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "unwind/support/handmade_cfi.hpp"

#include <loopwatch/impl/unwind/cfi_expression.hpp>

#include <cstring>
#include <memory>

using namespace loopwatch::detail;
using handmade::bytes;

namespace {

struct evaluation {
    std::unique_ptr<foreign_memory> memory = std::make_unique<foreign_memory>();
    std::uint64_t words[4] = {11, 22, 0x8877665544332211, 44};
    registers values;

    evaluation()
    {
        values.set(3, 1000);
        values.set(machine::stack_pointer, 0x7000);
    }
    cfi_value of(bytes const& b, maybe<std::uint64_t> first = {}, outside_copy policy = outside_copy::fail)
    {
        memory->forget();  // what the bytes of the last check were
        stack_copy const copy{0x7000, {reinterpret_cast<std::byte const*>(words), sizeof words}};
        stack_view const stack{copy, policy, *memory};
        return cfi_expression{*memory, values, stack}.evaluate(b.all(), first);
    }
    std::int64_t number(bytes const& b)
    {
        cfi_value const v = of(b);
        REQUIRE(v.known());
        return static_cast<std::int64_t>(v.value);
    }
};

constexpr int minus_5 = 0x7b, minus_1 = 0x7f;  // as SLEB128

}  // namespace

TEST_CASE("constants", "[cfi_expression]")
{
    evaluation e;
    CHECK(e.number({0x30 + 31}) == 31);
    CHECK(e.number({0x08, 0xff}) == 255);
    CHECK(e.number({0x09, 0xff}) == -1);
    CHECK(e.number({0x0a, 0xff, 0xff}) == 65535);
    CHECK(e.number({0x0b, 0xff, 0xff}) == -1);
    CHECK(e.number({0x0c, 0xff, 0xff, 0xff, 0xff}) == 0xffffffff);
    CHECK(e.number({0x0d, 0xfe, 0xff, 0xff, 0xff}) == -2);
    CHECK(e.number({0x0e, 1, 0, 0, 0, 0, 0, 0, 0}) == 1);
    CHECK(e.number({0x03, 2, 0, 0, 0, 0, 0, 0, 0}) == 2);
    CHECK(e.number({0x10, 0x80, 1}) == 128);
    CHECK(e.number({0x11, minus_5}) == -5);
}

TEST_CASE("arithmetic", "[cfi_expression]")
{
    evaluation e;
    CHECK(e.number({0x37, 0x33, 0x1a}) == 3);            // and
    CHECK(e.number({0x11, minus_5, 0x32, 0x1b}) == -2);  // div is signed
    CHECK(e.number({0x37, 0x33, 0x1c}) == 4);            // minus
    CHECK(e.number({0x37, 0x33, 0x1d}) == 1);            // mod
    CHECK(e.number({0x37, 0x33, 0x1e}) == 21);           // mul
    CHECK(e.number({0x34, 0x33, 0x21}) == 7);            // or
    CHECK(e.number({0x34, 0x33, 0x22}) == 7);            // plus
    CHECK(e.number({0x34, 0x23, 0x80, 1}) == 132);       // plus_uconst
    CHECK(e.number({0x31, 0x34, 0x24}) == 16);           // shl
    CHECK(e.number({0x31, 0x08, 64, 0x24}) == 0);
    CHECK(e.number({0x11, minus_1, 0x08, 60, 0x25}) == 15);  // shr
    CHECK(e.number({0x11, minus_5, 0x31, 0x26}) == -3);      // shra
    CHECK(e.number({0x37, 0x33, 0x27}) == 4);                // xor
    CHECK(e.number({0x11, minus_5, 0x19}) == 5);             // abs
    CHECK(e.number({0x35, 0x1f}) == -5);                     // neg
    CHECK(e.number({0x30, 0x20}) == -1);                     // not
    CHECK_FALSE(e.of({0x31, 0x30, 0x1b}).known());           // by zero
    CHECK_FALSE(e.of({0x31, 0x30, 0x1d}).known());
    bytes smallest;
    smallest.add({0x0f}).number(std::uint64_t{1} << 63).add({0x11, minus_1, 0x1b});
    CHECK(e.of(smallest).value == std::uint64_t{1} << 63);  // does not trap
}

TEST_CASE("comparisons are signed", "[cfi_expression]")
{
    evaluation e;
    for (auto [op, less, equal, greater] : {std::tuple{0x29, 0, 1, 0},
                                            {0x2a, 0, 1, 1},
                                            {0x2b, 0, 0, 1},
                                            {0x2c, 1, 1, 0},
                                            {0x2d, 1, 0, 0},
                                            {0x2e, 1, 0, 1}}) {
        CHECK(e.number({0x11, minus_5, 0x33, op}) == less);
        CHECK(e.number({0x33, 0x33, op}) == equal);
        CHECK(e.number({0x33, 0x11, minus_5, op}) == greater);
    }
}

TEST_CASE("the stack is shuffled", "[cfi_expression]")
{
    evaluation e;
    CHECK(e.number({0x35, 0x12, 0x22}) == 10);          // dup
    CHECK(e.number({0x35, 0x36, 0x13}) == 5);           // drop
    CHECK(e.number({0x35, 0x36, 0x14}) == 5);           // over
    CHECK(e.number({0x35, 0x36, 0x37, 0x15, 2}) == 5);  // pick
    CHECK(e.number({0x35, 0x33, 0x16, 0x1c}) == -2);    // swap
    CHECK(e.number({0x31, 0x32, 0x33, 0x17}) == 2);     // rot: 3 1 2
    CHECK(e.number({0x31, 0x32, 0x33, 0x17, 0x13}) == 1);
    CHECK(e.number({0x31, 0x32, 0x33, 0x17, 0x13, 0x13}) == 3);
    for (bytes const& underflow : {bytes{0x12}, bytes{0x13}, bytes{0x31, 0x14}, bytes{0x31, 0x15, 1}, bytes{0x31, 0x16},
                                   bytes{0x31, 0x32, 0x17}, bytes{0x31, 0x22}, bytes{0x06}, bytes{}})
        CHECK(e.of(underflow).is == cfi_value::state::damaged);
    bytes overflow;
    for (int i = 0; i < 65; ++i) overflow.add({0x31});
    CHECK(e.of(overflow).is == cfi_value::state::damaged);
}

TEST_CASE("registers and memory", "[cfi_expression]")
{
    evaluation e;
    CHECK(e.number({0x73, minus_5}) == 995);  // breg3
    CHECK(e.number({0x92, 3, 5}) == 1005);    // bregx
    CHECK(e.number({0x70 + int{machine::stack_pointer}, 8, 0x06}) == 22);
    CHECK(e.number({0x70 + int{machine::stack_pointer}, 16, 0x94, 2}) == 0x2211);
    CHECK(e.of({0x76, 0}).is == cfi_value::state::unknown_register);
    CHECK(e.of({0x76, 0}).number == 6);
    CHECK(e.of({0x92, 60, 0}).number == 60);
    CHECK(e.of({0x08, 64, 0x06}).is == cfi_value::state::unreadable);
    CHECK(e.of({0x08, 64, 0x06}).value == 64);
    CHECK(e.of({0x70 + int{machine::stack_pointer}, 0, 0x94, 9}).is == cfi_value::state::damaged);

    static std::uint64_t const elsewhere = 4711;
    bytes outside;
    outside.add({0x03}).number(reinterpret_cast<std::uint64_t>(&elsewhere)).add({0x06});
    CHECK_FALSE(e.of(outside).known());
    CHECK(e.of(outside, {}, outside_copy::read).value == 4711);
}

TEST_CASE("the rule of a register begins with the CFA", "[cfi_expression]")
{
    evaluation e;
    CHECK(e.of({0x23, 8}, 100).value == 108);
    // What linkers write for their tables of stubs: rsp + 8 + (((rip & 15) >= 11) << 3).
    if (machine::register_count == 17)
        for (std::uint64_t pc : {0x10, 0x1a, 0x1b, 0x1f}) {
            e.values.set(16, pc);
            CHECK(e.of({0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22}).value ==
                  0x7008 + ((pc & 15) >= 11 ? 8U : 0U));
        }
}

TEST_CASE("branches stay within, and nothing runs forever", "[cfi_expression]")
{
    evaluation e;
    CHECK(e.number({0x31, 0x30, 0x28, 1, 0, 0x23, 5}) == 6);        // bra not taken: plus_uconst 5
    CHECK(e.number({0x31, 0x31, 0x28, 2, 0, 0x23, 5, 0x96}) == 1);  // taken
    CHECK(e.number({0x31, 0x2f, 2, 0, 0x23, 5}) == 1);              // skip, to the very end
    CHECK_FALSE(e.of({0x31, 0x2f, 3, 0, 0x23, 5}).known());         // beyond it
    CHECK_FALSE(e.of({0x31, 0x2f, 0x80, 0xff}).known());
    CHECK_FALSE(e.of({0x31, 0x2f, 0xfd, 0xff}).known());  // on itself
    CHECK_FALSE(e.of({0x31, 0xf3}).known());              // not an operation
}
