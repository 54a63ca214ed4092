// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/fixed.hpp"
#include "../base/view.hpp"

#include <cstddef>
#include <cstdint>

#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>

// The search of the unwinder runtime, libgcc or LLVM's libunwind. It also knows code that was registered by
// __register_frame (JIT compilers), and static executables, which have no PT_GNU_EH_FRAME. Declared in gcc's
// unwind-dw2-fde.h, which is not installed.
// NOLINTNEXTLINE(bugprone-reserved-identifier): it is the runtime's
extern "C" [[gnu::weak]] void const* _Unwind_Find_FDE(void const* pc, void* bases);

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// A module (the program, a shared library, the vdso) that is mapped at [begin, end).
struct loaded_module {
    std::uintptr_t begin{0};
    std::uintptr_t end{0};
    std::uintptr_t eh_frame_hdr{0};  // 0: it has none
};

/// For any platform with ELF. Takes the loader's lock: waits while another thread is inside dlopen or dlclose.
[[nodiscard]] inline bool find_module_by_iteration(std::uintptr_t pc, loaded_module& found)
{
    struct search {
        std::uintptr_t pc;
        loaded_module* found;
    } wanted{pc, &found};
    return ::dl_iterate_phdr(
               [](dl_phdr_info* info, std::size_t, void* state) -> int {
                   auto const& s = *static_cast<search*>(state);
                   loaded_module m{~std::uintptr_t{0}, 0, 0};
                   bool inside = false;
                   for (ElfW(Phdr) const& segment : view{info->dlpi_phdr, info->dlpi_phnum}) {
                       std::uintptr_t const begin = info->dlpi_addr + segment.p_vaddr;
                       std::uintptr_t const end = begin + segment.p_memsz;
                       if (segment.p_type == PT_GNU_EH_FRAME) m.eh_frame_hdr = begin;
                       if (segment.p_type != PT_LOAD) continue;
                       if (begin < m.begin) m.begin = begin;
                       if (end > m.end) m.end = end;
                       if (s.pc >= begin && s.pc < end) inside = true;
                   }
                   if (inside) *s.found = m;
                   return inside ? 1 : 0;
               },
               &wanted) != 0;
}

/// The module that contains `pc`. It may be unloaded at any moment: read its memory through foreign_memory.
[[nodiscard]] inline bool find_module(std::uintptr_t pc, loaded_module& found)
{
#if LOOPWATCH_HAS_DL_FIND_OBJECT()
    // Without a lock, and async-signal-safe.
    dl_find_object object;
    if (::_dl_find_object(reinterpret_cast<void*>(pc), &object) != 0) return false;
    found.begin = reinterpret_cast<std::uintptr_t>(object.dlfo_map_start);
    found.end = reinterpret_cast<std::uintptr_t>(object.dlfo_map_end);
    found.eh_frame_hdr = reinterpret_cast<std::uintptr_t>(object.dlfo_eh_frame);
    return true;
#else
    return find_module_by_iteration(pc, found);
#endif
}

/// How many modules were unloaded since the program began. Not for the watchdog: takes the lock on the loader's list,
/// which other users of dl_iterate_phdr may hold for long, such as libbacktrace while it reads all modules.
[[nodiscard]] inline unsigned long long modules_unloaded()
{
    unsigned long long count = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* to) -> int {
            *static_cast<unsigned long long*>(to) = info->dlpi_subs;
            return 1;
        },
        &count);
    return count;
}

/// Whether all of these addresses are in modules that are never unloaded: the program and what was loaded with it. In
/// the loader's list these are the ones up to the loader itself, because later ones are appended.
[[nodiscard]] inline bool never_unloaded(view<std::uintptr_t const> addresses)
{
    struct search {
        view<std::uintptr_t const> addresses;
        std::uintptr_t loader;
        std::size_t found;
    } wanted{addresses, static_cast<std::uintptr_t>(::getauxval(AT_BASE)), 0};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* state) -> int {
            auto& s = *static_cast<search*>(state);
            for (ElfW(Phdr) const& segment : view{info->dlpi_phdr, info->dlpi_phnum}) {
                if (segment.p_type != PT_LOAD) continue;
                std::uintptr_t const begin = info->dlpi_addr + segment.p_vaddr;
                for (std::uintptr_t const a : s.addresses)
                    if (a - begin < segment.p_memsz) ++s.found;
            }
            return info->dlpi_addr == s.loader ? 1 : 0;
        },
        &wanted);
    return wanted.found == addresses.size();
}

/// Whether `pc` is in the first few instructions of the program. In a static executable, the CFI that crt1.o has for
/// them lies before what crtbeginT.o registers with the runtime, so nothing else says that they have no caller.
[[nodiscard]] inline bool is_program_entry(std::uintptr_t pc)
{
    constexpr std::uintptr_t length_of_start = 64;
    return pc - static_cast<std::uintptr_t>(::getauxval(AT_ENTRY)) < length_of_start;
}

/// Asks the runtime for the FDE of `pc`; 0 if it knows none. Takes the runtime's lock; the first call after code was
/// registered sorts and allocates. Not for a pc in a module with an .eh_frame_hdr, which the runtime reads with plain
/// loads: they must not race with dlclose.
[[nodiscard]] inline std::uintptr_t find_fde_by_runtime(std::uintptr_t pc)
{
    if (_Unwind_Find_FDE == nullptr) return 0;
    fixed<void*, 3> bases{};  // struct dwarf_eh_bases
    return reinterpret_cast<std::uintptr_t>(_Unwind_Find_FDE(reinterpret_cast<void const*>(pc), &bases));
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
