// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "unwind/support/handmade_cfi.hpp"

#include <limits>
#include <memory>

using namespace loopwatch::detail;
using handmade::bytes;

namespace {
struct reader {
    std::unique_ptr<foreign_memory> memory = std::make_unique<foreign_memory>();
    cfi_cursor over(bytes const& b) { return {*memory, b.all()}; }
};
}  // namespace

TEST_CASE("numbers of any size come back as they were written", "[cfi_cursor]")
{
    constexpr std::uint64_t some[] = {0, 1, 63, 64, 127, 128, 300, 1U << 20, ~std::uint64_t{0}};
    constexpr std::int64_t signed_some[] = {0,
                                            1,
                                            -1,
                                            63,
                                            64,
                                            -64,
                                            -65,
                                            8191,
                                            -8192,
                                            std::numeric_limits<std::int64_t>::max(),
                                            std::numeric_limits<std::int64_t>::min()};
    bytes b;
    for (auto v : some) b.unsigned_leb(v);
    for (auto v : signed_some) b.signed_leb(v);
    reader r;
    auto c = r.over(b);
    for (auto v : some) CHECK(c.take_unsigned() == v);
    for (auto v : signed_some) CHECK(c.take_signed() == v);
    CHECK(c.good());
    CHECK_FALSE(c.more());
}

TEST_CASE("past the end it gives zeros and is bad for good", "[cfi_cursor]")
{
    bytes const b{1, 2, 3};
    reader r;
    auto c = r.over(b);
    CHECK(c.take<std::uint16_t>() == 0x0201);
    CHECK(c.take<std::uint32_t>() == 0);
    CHECK_FALSE(c.good());
    CHECK(c.take<std::uint8_t>() == 0);
    CHECK_FALSE(c.more());

    bytes const endless{0x80, 0x80, 0x80};
    auto d = r.over(endless);
    CHECK(d.take_unsigned() == 0);
    CHECK_FALSE(d.good());

    auto e = r.over(b);
    e.skip(~std::uint64_t{0});
    CHECK_FALSE(e.good());
}

TEST_CASE("a block that claims more than there is makes it bad", "[cfi_cursor]")
{
    bytes const good{2, 0xaa, 0xbb, 0xcc}, bad{9, 0xaa};
    reader r;
    auto c = r.over(good);
    cfi_bytes const block = c.take_block();
    CHECK(block.at == good.at(1));
    CHECK(block.size == 2);
    CHECK(c.take<std::uint8_t>() == 0xcc);
    auto d = r.over(bad);
    d.take_block();
    CHECK_FALSE(d.good());
}

TEST_CASE("pointers in every encoding", "[cfi_cursor]")
{
    static std::uint64_t const pointed_at = 0x1234567890;
    bytes b;
    b.number(std::uint64_t{77});  // absolute
    std::size_t const here = b.size();
    b.number(std::int32_t{-16});  // relative to itself
    b.number(std::int32_t{24});   // relative to the header
    b.number(std::uint16_t{5}).number(std::int16_t{-5}).number(std::uint32_t{0xffffffff});
    b.unsigned_leb(700).signed_leb(-700);
    b.number(reinterpret_cast<std::uint64_t>(&pointed_at));  // indirect
    b.number(std::int32_t{0});                               // null stays null
    while (b.size() % 8 != 3) b.add({0xee});
    std::size_t const gap = b.size();
    b.add({0, 0, 0, 0, 0}).number(std::uint64_t{99});

    reader r;
    auto c = r.over(b);
    CHECK(c.take_pointer(0x00) == 77);
    CHECK(c.take_pointer(0x1b) == b.at(here) - 16);
    CHECK(c.take_pointer(0x3b, 1000) == 1024);
    CHECK(c.take_pointer(0x02) == 5);
    CHECK(static_cast<std::int64_t>(c.take_pointer(0x0a)) == -5);
    CHECK(c.take_pointer(0x03) == 0xffffffff);
    CHECK(c.take_pointer(0x01) == 700);
    CHECK(static_cast<std::int64_t>(c.take_pointer(0x09)) == -700);
    CHECK(c.take_pointer(0x80) == 0x1234567890);
    CHECK(c.take_pointer(0x1b) == 0);
    CHECK(c.take_pointer(0xff) == 0);
    CHECK(c.good());
    c.skip(b.at(gap) - c.at());
    CHECK((b.at() % 8) == 0);
    CHECK(c.take_pointer(0x50) == 99);

    auto d = r.over(b);
    d.take_pointer(0x20);  // relative to the text segment: nobody's
    CHECK_FALSE(d.good());
    bytes wild;
    wild.number(std::uint64_t{16});
    auto e = r.over(wild);
    e.take_pointer(0x80);
    CHECK_FALSE(e.good());
}
