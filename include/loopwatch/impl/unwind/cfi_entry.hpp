// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "cfi_cursor.hpp"
#include "foreign_memory_linux.hpp"
#include "registers.hpp"

#include <cstddef>
#include <cstdint>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The contents of a function's FDE (frame description entry), and of the CIE (common information entry) that it
/// refers to.
struct cfi_entry {
    std::uintptr_t begin{0};  // of the function's code
    std::uintptr_t end{0};
    std::uint64_t code_alignment{1};
    std::int64_t data_alignment{1};
    unsigned return_column{machine::program_counter};  // the column whose rule gives the return address
    std::uint8_t pointer_encoding{0};
    bool is_signal_frame{false};  // its caller was interrupted by a signal: augmentation 'S'
    cfi_bytes initial_program{};
    cfi_bytes program{};

    [[nodiscard]] bool covers(std::uintptr_t pc) const { return pc >= begin && pc < end; }
};

/// The contents of a CIE or an FDE, as its length field gives them.
struct cfi_extent {
    cfi_bytes contents{};
    bool is_64{false};

    [[nodiscard]] static bool read(foreign_memory& memory, std::uintptr_t at, cfi_extent& extent)
    {
        // Longer ones would be valid, but no compiler makes them: they come from a stray pointer.
        constexpr std::uint64_t longest = 1U << 18;
        std::uint32_t size = 0;
        if (!memory.get(at, size) || size == 0) return false;
        extent = {{at + 4, size}, size == 0xffffffff};
        if (extent.is_64) {
            std::uint64_t wide = 0;
            if (!memory.get(at + 4, wide)) return false;
            extent.contents = {at + 12, wide};
        }
        return extent.contents.size <= longest;
    }
};

/// Reads the CIE at `at` into the fields of `entry` that come from it. `augmented`: the FDE has augmentation data.
[[nodiscard]] inline bool parse_cie(foreign_memory& memory, std::uintptr_t at, cfi_entry& entry, bool& augmented)
{
    cfi_extent extent;
    if (!cfi_extent::read(memory, at, extent)) return false;
    cfi_cursor in{memory, extent.contents};
    std::uint64_t const id = extent.is_64 ? in.take<std::uint64_t>() : in.take<std::uint32_t>();
    auto const version = in.take<std::uint8_t>();
    if (id != 0 || (version != 1 && version != 3 && version != 4)) return false;

    char augmentation[16] = {};
    for (std::size_t i = 0; in.good(); ++i) {
        auto const letter = in.take<char>();
        if (letter == 0) break;
        if (i + 1 == sizeof augmentation) return false;
        augmentation[i] = letter;
    }
    if (version == 4) in.skip(2);  // sizes of an address and of a segment selector
    entry.code_alignment = in.take_unsigned();
    entry.data_alignment = in.take_signed();
    std::uint64_t const column = version == 1 ? in.take<std::uint8_t>() : in.take_unsigned();
    if (column >= machine::register_count) return false;
    entry.return_column = static_cast<unsigned>(column);

    augmented = augmentation[0] == 'z';
    std::uintptr_t augmentation_end = 0;
    bool understood = true;
    for (char const* letter = augmentation; *letter != 0 && understood; ++letter) {
        switch (*letter) {
            case 'z': {
                std::uint64_t const size = in.take_unsigned();
                augmentation_end = in.at() + size;
                break;
            }
            case 'R': entry.pointer_encoding = in.take<std::uint8_t>(); break;
            // The personality routine's address is skipped, not followed.
            case 'P': in.take_pointer(in.take<std::uint8_t>() & ~unsigned{cfi_cursor::indirect} & 0xff); break;
            case 'L': in.skip(1); break;
            case 'S': entry.is_signal_frame = true; break;
            case 'B':  // aarch64: return addresses are signed with the B key, which stripping does not need
            case 'G':  // aarch64: the frame's memory is tagged
                break;
            // The data of an unknown letter, and of all after it, can only be skipped, which needs the size of a 'z'.
            default: understood = false; break;
        }
    }
    if (!in.good() || (!understood && !augmented)) return false;
    if (augmented && (augmentation_end < in.at() || augmentation_end > extent.contents.end())) return false;
    std::uintptr_t const from = augmented ? augmentation_end : in.at();
    entry.initial_program = {from, extent.contents.end() - from};
    return true;
}

/// Reads the FDE at `at`, with its CIE. False: it is damaged, unmapped, or not an FDE.
[[nodiscard]] inline bool parse_fde(foreign_memory& memory, std::uintptr_t at, cfi_entry& entry)
{
    cfi_extent extent;
    if (!cfi_extent::read(memory, at, extent)) return false;
    cfi_cursor in{memory, extent.contents};
    std::uintptr_t const here = in.at();
    std::uint64_t const back = extent.is_64 ? in.take<std::uint64_t>() : in.take<std::uint32_t>();
    bool augmented = false;
    entry = {};
    // 0 marks a CIE.
    if (!in.good() || back == 0 || !parse_cie(memory, here - back, entry, augmented)) return false;
    entry.begin = in.take_pointer(entry.pointer_encoding);
    entry.end = entry.begin + in.take_pointer(entry.pointer_encoding & 0x0f);
    if (augmented) in.skip(in.take_unsigned());
    if (!in.good()) return false;
    entry.program = {in.at(), in.left()};
    return true;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
