// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "unwind/support/handmade_cfi.hpp"

#include <loopwatch/impl/unwind/cfi_lookup.hpp>
#include <loopwatch/impl/unwind/cfi_program.hpp>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <unwind.h>

using namespace loopwatch::detail;
using handmade::bytes;

namespace {

/// The modules of this process that have a table: name and header.
std::map<std::string, std::uintptr_t> tables()
{
    std::map<std::string, std::uintptr_t> all;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* to) {
            for (unsigned i = 0; i < info->dlpi_phnum; ++i)
                if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
                    (*static_cast<std::map<std::string, std::uintptr_t>*>(to))[info->dlpi_name] =
                        info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            return 0;
        },
        &all);
    return all;
}

/// A table over one handmade eh_frame.
struct handmade_module {
    bytes frame, header;
    std::size_t fde = 0;

    handmade_module(std::uintptr_t begin, std::uint32_t length)
    {
        fde = handmade::eh_frame(frame, "zR", begin, length, bytes{0x0c, 7, 8}, bytes{0x41, 0x0e, 16}, 16);
        header.add({1, 0x1b, 0x03, 0x3b});
        header.number(static_cast<std::int32_t>(frame.at() - header.at(4))).number(std::uint32_t{1});
        header.number(static_cast<std::int32_t>(begin - header.at()));
        header.number(static_cast<std::int32_t>(frame.at(fde) - header.at()));
        for (int i = 0; i < 32; ++i) header.add({0});
    }
};

}  // namespace

TEST_CASE("a handmade table leads to the function that covers the pc, and no other", "[cfi_lookup]")
{
    auto const memory = std::make_unique<foreign_memory>();
    auto const code = reinterpret_cast<std::uintptr_t>(memory.get());
    handmade_module const m{code, 64};
    cfi_entry entry;
    bool table = false;
    REQUIRE(find_in_table(*memory, m.header.at(), code + 5, entry, table) == cfi_found::yes);
    CHECK(table);
    CHECK(entry.begin == code);
    CHECK(entry.end == code + 64);
    CHECK(entry.return_column == 16);
    CHECK(entry.data_alignment == -8);
    CHECK(entry.program.size == 3);
    CHECK(entry.initial_program.size == 3);
    CHECK_FALSE(entry.is_signal_frame);
    CHECK(find_in_table(*memory, m.header.at(), code + 63, entry, table) == cfi_found::yes);
    CHECK(find_in_table(*memory, m.header.at(), code + 64, entry, table) == cfi_found::no);
    CHECK(find_in_table(*memory, m.header.at(), code - 1, entry, table) == cfi_found::no);
}

TEST_CASE("a damaged table or none is said", "[cfi_lookup]")
{
    auto const memory = std::make_unique<foreign_memory>();
    auto const code = reinterpret_cast<std::uintptr_t>(memory.get());
    cfi_entry entry;
    bool table = false;
    handmade_module m{code, 64};
    m.header.patch(0, std::uint8_t{2});
    CHECK(find_in_table(*memory, m.header.at(), code, entry, table) == cfi_found::damaged);
    handmade_module none{code, 64};
    none.header.patch(2, std::uint8_t{0xff});
    CHECK(find_in_table(*memory, none.header.at(), code, entry, table) == cfi_found::no);
    CHECK_FALSE(table);
    CHECK(find_in_table(*memory, 4096, code, entry, table) == cfi_found::no);
    handmade_module lost{code, 64};
    lost.header.patch(16, std::int32_t{-2'000'000'000});
    CHECK(find_in_table(*memory, lost.header.at(), code, entry, table) == cfi_found::damaged);
}

TEST_CASE("augmentations", "[cfi_entry]")
{
    auto const memory = std::make_unique<foreign_memory>();
    for (auto [letters, parses, is_signal] : {std::tuple{"zRS", true, true},
                                              {"", true, false},
                                              {"zR", true, false},
                                              {"zRB", true, false},
                                              {"zQ", true, false},
                                              {"Q", false, false}}) {
        INFO(letters);
        bytes frame;
        std::size_t const fde = handmade::eh_frame(frame, letters, 0x5000, 16, bytes{}, bytes{}, 16);
        cfi_entry entry;
        memory->forget();
        CHECK(parse_fde(*memory, frame.at(fde), entry) == parses);
        if (parses) CHECK(entry.is_signal_frame == is_signal);
        if (parses) CHECK(entry.begin == 0x5000);
        CHECK_FALSE(parse_fde(*memory, frame.at(), entry));  // that is a CIE
    }
}

TEST_CASE("the rows of every function of every module here can be made", "[cfi_lookup]")
{
    auto const memory = std::make_unique<foreign_memory>();
    std::size_t functions = 0;
    for (auto const& [name, header] : tables()) {
        INFO(name);
        std::uint32_t count = 0;
        REQUIRE(memory->get(header + 8, count));
        std::size_t bad = 0;
        std::size_t const stride = 1 + count / 4000;
        for (std::uint32_t i = 0; i < count; i += static_cast<std::uint32_t>(stride)) {
            std::int32_t code = 0;
            REQUIRE(memory->get(header + 12 + std::size_t{8} * i, code));
            std::uintptr_t const begin = header + static_cast<std::uint64_t>(std::int64_t{code});
            cfi_entry entry;
            // A linker's table may have entries for functions of no length.
            if (find_entry(*memory, begin, entry) != cfi_found::yes || entry.begin != begin) {
                ++bad;
                continue;
            }
            for (std::uintptr_t pc : {begin, begin + (entry.end - begin) / 2, entry.end - 1})
                if (!cfi_program{*memory, entry, pc}.run()) ++bad;
            ++functions;
        }
        CHECK(bad <= count / 1000);
    }
    if (!tables().empty()) CHECK(functions > 1000);
}

TEST_CASE("it finds what libgcc finds", "[cfi_lookup]")
{
    auto const memory = std::make_unique<foreign_memory>();
    for (auto function :
         {reinterpret_cast<std::uintptr_t>(&std::qsort), reinterpret_cast<std::uintptr_t>(&std::strtod),
          reinterpret_cast<std::uintptr_t>(&::_Unwind_Backtrace), reinterpret_cast<std::uintptr_t>(&tables)})
        for (std::uintptr_t pc = function; pc < function + 40'000; pc += 97) {
            std::uintptr_t const fde = find_fde_by_runtime(pc);
            cfi_entry theirs, ours;
            bool const known = fde != 0 && parse_fde(*memory, fde, theirs) && theirs.covers(pc);
            REQUIRE((find_entry(*memory, pc, ours) == cfi_found::yes) == known);
            if (known) REQUIRE(ours.begin == theirs.begin);
        }
}

TEST_CASE("only libgcc's unwinder is taken for the unwinder of exceptions", "[cfi_program]")
{
    auto const memory = std::make_unique<foreign_memory>();
    std::size_t in_libgcc = 0, elsewhere = 0;
    for (auto const& [name, header] : tables()) {
        std::uint32_t count = 0;
        REQUIRE(memory->get(header + 8, count));
        for (std::uint32_t i = 0; i < count; ++i) {
            std::int32_t code = 0;
            REQUIRE(memory->get(header + 12 + std::size_t{8} * i, code));
            cfi_entry entry;
            if (find_entry(*memory, header + static_cast<std::uint64_t>(std::int64_t{code}), entry) != cfi_found::yes)
                continue;
            cfi_program program{*memory, entry, entry.end - 1};
            if (program.run() && program.notes().rewrites_its_caller)
                ++(name.find("libgcc") != std::string::npos ? in_libgcc : elsewhere);
        }
    }
    bool const shared = in_libgcc != 0;
    if (shared) CHECK(in_libgcc >= 4);
    if (shared) CHECK(elsewhere == 0);
}
