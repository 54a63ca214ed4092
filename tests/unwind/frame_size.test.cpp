// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "unwind/support/handmade_cfi.hpp"

#include <loopwatch/impl/unwind/frame_size_x86_64.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

using namespace loopwatch::detail;
using handmade::bytes;

namespace {

struct function {
    bytes code;

    maybe<frame_size> at(std::size_t offset)
    {
        auto const memory = std::make_unique<foreign_memory>();
        cfi_entry entry;
        entry.begin = code.at();
        entry.end = code.at(code.size());
        return frame_size_reader{*memory, entry}.at(code.at(offset));
    }
    std::size_t add(std::initializer_list<int> more)
    {
        code.add(more);
        return code.size();
    }
};

constexpr std::initializer_list<int> prologue{0x55, 0x48, 0x89, 0xe5};  // push %rbp; mov %rsp,%rbp
constexpr std::initializer_list<int> sub_32{0x48, 0x83, 0xec, 32};      // sub $32,%rsp
constexpr std::initializer_list<int> add_16{0x48, 0x83, 0xc4, 16};      // add $16,%rsp
constexpr std::initializer_list<int> call{0xe8, 0, 0, 0, 0};
constexpr std::initializer_list<int> push_rbx{0x53};

std::size_t length(std::initializer_list<int> code)
{
    bytes b{code};
    while (b.size() < 32) b.add({0x90});
    auto const i = decode(reinterpret_cast<std::uint8_t const*>(b.at()));
    return i ? i->length : 0;
}

}  // namespace

TEST_CASE("lengths of instructions", "[frame_size]")
{
    CHECK(length({0x90}) == 1);
    CHECK(length({0x48, 0x89, 0xe5}) == 3);
    CHECK(length({0x48, 0x8b, 0x84, 0x24, 1, 2, 3, 4}) == 8);            // mov disp32(%rsp),%rax
    CHECK(length({0x48, 0x8b, 0x05, 1, 2, 3, 4}) == 7);                  // mov disp32(%rip),%rax
    CHECK(length({0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}) == 10);           // movabs
    CHECK(length({0x66, 0xc7, 0x45, 0xfe, 1, 2}) == 6);                  // movw $imm16,-2(%rbp)
    CHECK(length({0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}) == 10);  // nopw
    CHECK(length({0xf3, 0x0f, 0x1e, 0xfa}) == 4);                        // endbr64
    CHECK(length({0xc5, 0xf8, 0x77}) == 3);                              // vzeroupper
    CHECK(length({0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x06}) == 6);            // vmovdqu64 (%rsi),%zmm0
    CHECK(length({0xf6, 0xc1, 8}) == 3);                                 // test $8,%cl
    CHECK(length({0xf7, 0xd8}) == 2);                                    // neg
    CHECK(length({0x06}) == 0);                                          // none in 64-bit mode
}

TEST_CASE("pushes and a subtraction", "[frame_size]")
{
    function f;
    f.add(prologue);
    f.add(push_rbx);
    f.add(sub_32);
    std::size_t const behind = f.add(call);
    f.add({0x48, 0x8b, 0x5d, 0xf8, 0xc9, 0xc3});  // mov -8(%rbp),%rbx; leave; ret
    auto const size = f.at(behind);
    REQUIRE(size);
    CHECK(size->size == 40);
    CHECK(size->slack == 0);
    CHECK_FALSE(size->dynamic);
}

TEST_CASE("arguments that are pushed count until they are dropped", "[frame_size]")
{
    function f;
    f.add(prologue);
    f.add(sub_32);
    f.add({0x6a, 1, 0x6a, 2});  // push $1; push $2
    std::size_t const first = f.add(call);
    f.add(add_16);
    std::size_t const second = f.add(call);
    f.add({0x68, 1, 0, 0, 0, 0xff, 0x75, 0xf0, 0x41, 0x54});  // push $1; push -16(%rbp); push %r12
    std::size_t const third = f.add({0xff, 0xd0});            // call *%rax
    f.add({0xc9, 0xc3});
    CHECK(f.at(first)->size == 48);
    CHECK(f.at(second)->size == 32);
    CHECK(f.at(third)->size == 56);
}

TEST_CASE("behind a return holds what held where the jump was", "[frame_size]")
{
    function f;
    f.add(prologue);
    f.add(push_rbx);
    f.add({0x48, 0x83, 0xec, 8});  // sub $8,%rsp
    f.add({0x74, 8});              // je over what follows
    f.add(call);
    f.add({0x5b, 0x5d, 0xc3});  // pop %rbx; pop %rbp; ret (what it drops is not ours to check)
    std::size_t const behind = f.add(call);
    f.add({0xc9, 0xc3});
    std::size_t const landing_pad = f.add(call);  // no jump leads here
    CHECK(f.at(behind)->size == 16);
    CHECK(f.at(landing_pad)->size == 16);
}

TEST_CASE("a realigned frame has slack", "[frame_size]")
{
    function f;
    f.add(prologue);
    f.add({0x48, 0x83, 0xe4, 0xc0});  // and $-64,%rsp
    f.add(sub_32);
    std::size_t const behind = f.add(call);
    f.add({0xc9, 0xc3});
    CHECK(f.at(behind)->size == 32);
    CHECK(f.at(behind)->slack == 64);
}

TEST_CASE("a loop that touches the pages of a large frame, as gcc and clang write it", "[frame_size]")
{
    for (bool gcc : {true, false}) {
        function f;
        f.add(prologue);
        if (gcc)
            f.add({0x4c, 0x8d, 0x9c, 0x24, 0, 0x70, 0xff, 0xff});  // lea -0x9000(%rsp),%r11
        else
            f.add({0x49, 0x89, 0xe3, 0x49, 0x81, 0xeb, 0, 0x90, 0, 0});    // mov %rsp,%r11; sub $0x9000,%r11
        f.add({0x48, 0x81, 0xec, 0, 0x10, 0, 0});                          // sub $0x1000,%rsp
        f.add({0x48, 0x83, 0x0c, 0x24, 0, 0x4c, 0x39, 0xdc, 0x75, 0xef});  // orq $0,(%rsp); cmp %r11,%rsp; jne
        f.add(sub_32);
        std::size_t const behind = f.add(call);
        f.add({0xc9, 0xc3});
        CHECK(f.at(behind)->size == 0x9000 + 32);
    }
}

TEST_CASE("a frame of dynamic size is said to be one, wherever it grows", "[frame_size]")
{
    function f;
    f.add(prologue);
    f.add(sub_32);
    std::size_t const behind = f.add(call);
    CHECK_FALSE(f.at(behind)->dynamic);
    f.add({0x48, 0x29, 0xc4, 0xc9, 0xc3});  // sub %rax,%rsp
    CHECK(f.at(behind)->dynamic);
}

TEST_CASE("what can't be read has no size", "[frame_size]")
{
    function unknown, cold;
    unknown.add(prologue);
    std::size_t behind = unknown.add(call);
    unknown.add({0x06});
    CHECK_FALSE(unknown.at(behind));
    behind = cold.add(call);  // the part of a function that gcc moved away: its frame was set up elsewhere
    cold.add({0xc9, 0xc3});
    CHECK_FALSE(cold.at(behind));
}

TEST_CASE("instruction lengths are objdump's, over all of libc and libstdc++", "[frame_size][.objdump]")
{
    for (char const* file : {"/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libstdc++.so.6"}) {
        FILE* const in = ::popen((std::string{"objdump -d -w --insn-width=16 "} + file + " 2>/dev/null").c_str(), "r");
        REQUIRE(in != nullptr);
        char line[512];
        std::size_t all = 0, unknown = 0, wrong = 0;
        while (std::fgets(line, sizeof line, in) != nullptr) {
            std::string const l = line;
            std::size_t const from = l.find(":\t");
            std::size_t const to = from == std::string::npos ? from : l.find('\t', from + 2);
            if (to == std::string::npos || l[0] != ' ' || l.find("(bad)") != std::string::npos) continue;
            bytes code;
            for (std::size_t i = from + 2; i + 2 <= to && l[i] != ' '; i += 3)
                code.add({std::stoi(l.substr(i, 2), nullptr, 16)});
            std::size_t const size = code.size();
            while (code.size() < 32) code.add({0});
            auto const i = decode(reinterpret_cast<std::uint8_t const*>(code.at()));
            ++all;
            if (!i)
                ++unknown;
            else if (i->length != size)
                ++wrong;
        }
        ::pclose(in);
        std::printf("%s: %zu instructions, %zu unknown, %zu wrong\n", file, all, unknown, wrong);
        REQUIRE(all > 100'000);
        CHECK(wrong == 0);
        CHECK(unknown * 500 < all);
    }
}
