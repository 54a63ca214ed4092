// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "cfi_cursor.hpp"
#include "cfi_entry.hpp"
#include "foreign_memory_linux.hpp"
#include "module_table_linux.hpp"

#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

enum class cfi_found : std::uint8_t {
    yes,
    no,      // no entry: the code is hand-written, generated at run time, or stripped; or its module was unloaded
    damaged  // there is an entry, or a table, that can't be right
};

/// Searches the table of an .eh_frame_hdr (Linux Standard Base, Core, 10.6.2) for the entry of `pc`. Sets `has_table`
/// to false if there is no table that a binary search can use.
[[nodiscard]] inline cfi_found find_in_table(foreign_memory& memory, std::uintptr_t header, std::uintptr_t pc,
                                             cfi_entry& entry, bool& has_table)
{
    constexpr std::uint8_t relative_to_header_32 = 0x3b;  // DW_EH_PE_datarel | DW_EH_PE_sdata4: every linker's choice
    constexpr std::uint64_t most = 1U << 26;
    struct row {
        std::int32_t code;
        std::int32_t entry;
    };

    has_table = true;
    cfi_cursor in{memory, {header, 32}};
    auto const version = in.take<std::uint8_t>();
    auto const frame_encoding = in.take<std::uint8_t>();
    auto const count_encoding = in.take<std::uint8_t>();
    auto const table_encoding = in.take<std::uint8_t>();
    if (!in.good()) return cfi_found::no;  // it was unmapped a moment ago
    if (version != 1) return cfi_found::damaged;
    in.take_pointer(frame_encoding, header);
    std::uint64_t const count = in.take_pointer(count_encoding, header);
    if (!in.good() || count > most) return cfi_found::damaged;
    if (count_encoding == cfi_cursor::omitted || table_encoding != relative_to_header_32) {
        has_table = false;
        return cfi_found::no;
    }

    std::uintptr_t const table = in.at();
    auto const at_header = [header](std::int32_t offset) {
        return header + static_cast<std::uint64_t>(std::int64_t{offset});
    };
    row candidate{};
    std::uint64_t from = 0;
    for (std::uint64_t to = count; from < to;) {  // finds the first row that begins after pc
        std::uint64_t const middle = from + (to - from) / 2;
        row here{};
        if (!memory.get(table + middle * sizeof here, here)) return cfi_found::no;
        if (at_header(here.code) <= pc) {
            candidate = here;
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    if (from == 0) return cfi_found::no;
    if (!parse_fde(memory, at_header(candidate.entry), entry)) return cfi_found::damaged;
    return entry.covers(pc) ? cfi_found::yes : cfi_found::no;
}

/// The entry that describes the code at `pc`. For a return address, pass the address before it: a call may be the last
/// instruction of its function.
[[nodiscard]] inline cfi_found find_entry(foreign_memory& memory, std::uintptr_t pc, cfi_entry& entry)
{
    if (pc < 4096) return cfi_found::no;
    loaded_module module;
    if (find_module(pc, module) && module.eh_frame_hdr != 0) {
        bool has_table = false;
        cfi_found const found = find_in_table(memory, module.eh_frame_hdr, pc, entry, has_table);
        if (has_table) return found;
    }
    std::uintptr_t const fde = find_fde_by_runtime(pc);
    if (fde == 0) return cfi_found::no;
    if (!parse_fde(memory, fde, entry)) return cfi_found::damaged;
    return entry.covers(pc) ? cfi_found::yes : cfi_found::no;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
