// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <link.h>
#include <sys/auxv.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The memory that never changes and is never unmapped: what the program, and what was loaded with it, has of code, of
/// tables, and of pointers to its own that the loader wrote before main().
class constant_memory {
public:
    /// Takes the lock on the loader's list, which other users of dl_iterate_phdr may hold for long.
    void find()
    {
        size_ = 0;
        ::dl_iterate_phdr(
            [](dl_phdr_info* info, std::size_t, void* to) -> int {
                auto& found = *static_cast<constant_memory*>(to);
                for (ElfW(Phdr) const& segment : view{info->dlpi_phdr, info->dlpi_phnum}) {
                    std::uintptr_t const begin = info->dlpi_addr + segment.p_vaddr;
                    std::uintptr_t const end = begin + segment.p_memsz;
                    // A segment is mapped by whole pages. Of a page that is only in part to be written no more, the
                    // loader leaves all as it is.
                    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) == 0)
                        found.add(begin & ~(page - 1), (end + page - 1) & ~(page - 1));
                    else if (segment.p_type == PT_GNU_RELRO)
                        found.add((begin + largest_page - 1) & ~(largest_page - 1), end & ~(largest_page - 1));
                }
                // What is loaded later is appended to the loader's list, and may be unloaded.
                return info->dlpi_addr == static_cast<std::uintptr_t>(::getauxval(AT_BASE)) ? 1 : 0;
            },
            this);
    }

    [[nodiscard]] bool holds(std::uintptr_t at, std::size_t size) const
    {
        for (range const& each : view{ranges_}.first(size_))
            if (at >= each.begin && at + size <= each.end) return true;
        return false;
    }

private:
    struct range {
        std::uintptr_t begin;
        std::uintptr_t end;
    };

    static constexpr std::uintptr_t page = 4096;  // the smallest there is: right for larger ones too
#if LOOPWATCH_HAS_X86_64()
    static constexpr std::uintptr_t largest_page = page;
#else
    static constexpr std::uintptr_t largest_page = 65'536;
#endif

    /// Segments of a module mostly follow one another.
    void add(std::uintptr_t begin, std::uintptr_t end)
    {
        if (begin >= end) return;
        if (size_ > 0 && ranges_[size_ - 1].end == begin)
            ranges_[size_ - 1].end = end;
        else if (size_ < ranges_.size())
            ranges_[size_++] = {begin, end};
    }

    fixed<range, 512> ranges_;
    std::size_t size_{0};
};

/// Blocks of constant memory that were read once. Of an unwind's system calls nearly all read the same tables as the
/// unwind before.
class constant_blocks {
public:
    static constexpr std::size_t block_size = 512;

    constant_blocks() { forget(); }

    /// See constant_memory::find(). Until then no memory is taken to be constant.
    void find_memory() { memory_.find(); }

    [[nodiscard]] bool may_keep(std::uintptr_t start) const { return memory_.holds(start, block_size); }

    /// The block that begins there, or null.
    [[nodiscard]] std::byte const* find(std::uintptr_t start) const
    {
        set const& s = sets_[set_of(start)];
        for (std::size_t i = 0; i < ways; ++i)
            if (s.starts[i] == start) return blocks_[set_of(start) * ways + i].data();
        return nullptr;
    }

    /// Keeps a block that is not kept yet, in place of the one of its set that was kept longest.
    void keep(std::uintptr_t start, std::byte const* from)
    {
        set& s = sets_[set_of(start)];
        std::size_t const way = s.next++ % ways;
        s.starts[way] = start;
        std::memcpy(blocks_[set_of(start) * ways + way].data(), from, block_size);
    }

private:
    static constexpr std::size_t ways = 4;
    static constexpr std::size_t sets = 128;
    static constexpr std::uintptr_t nothing = ~std::uintptr_t{0};

    struct set {
        fixed<std::uintptr_t, ways> starts;
        std::size_t next;
    };

    static std::size_t set_of(std::uintptr_t start)
    {
        return static_cast<std::size_t>((start / block_size * 0x9e3779b97f4a7c15U) >> 32) % sets;
    }

    void forget()
    {
        for (set& s : sets_) {
            for (std::uintptr_t& start : s.starts) start = nothing;
            s.next = 0;
        }
    }

    constant_memory memory_;
    fixed<set, sets> sets_;
    fixed<fixed<std::byte, block_size>, sets * ways> blocks_;  // 256 KB, of which pages are used as blocks are kept
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
