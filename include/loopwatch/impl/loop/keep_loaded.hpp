// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../../detail/keep_loaded.hpp"
#include "../base/fixed.hpp"
#include "../base/malloced.hpp"
#include "../base/view.hpp"

#if LOOPWATCH_HAS_LINUX()
#include "../unwind/module_table_linux.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <dlfcn.h>
#include <link.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

#if LOOPWATCH_HAS_LINUX()

/// Code addresses whose modules are already kept loaded: a lock-free cache. Addresses that do not fit are handled anew
/// each time.
inline fixed<std::atomic<std::uintptr_t>, 32> code_kept{};

/// Copies the loader's name of the module that holds `code`; "" is the program. False: no such module, or it does not
/// fit.
inline bool copy_module_name(std::uintptr_t code, view<char> to)
{
    struct search {
        std::uintptr_t code;
        view<char> to;
        bool fits;
    } wanted{code, to, false};
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* state) -> int {
            auto& s = *static_cast<search*>(state);
            for (ElfW(Phdr) const& segment : view{info->dlpi_phdr, info->dlpi_phnum}) {
                if (segment.p_type != PT_LOAD) continue;
                if (s.code - (info->dlpi_addr + segment.p_vaddr) >= segment.p_memsz) continue;
                char const* name = info->dlpi_name != nullptr ? info->dlpi_name : "";
                for (char& c : s.to) {
                    c = *name;
                    if (*name++ == '\0') {
                        s.fits = true;
                        break;
                    }
                }
                return 1;
            }
            return 0;
        },
        &wanted);
    return wanted.fits;
}

LOOPWATCH_DECL void keep_loaded(void const* code) noexcept
{
    auto const address = reinterpret_cast<std::uintptr_t>(code);
    std::size_t known = 0;
    for (; known < code_kept.size(); ++known) {
        std::uintptr_t const kept = code_kept[known].load(std::memory_order_acquire);
        if (kept == address) return;
        if (kept == 0) break;
    }
    if (!never_unloaded({&address, 1})) {
        constexpr std::size_t longest = 4096;                           // on the heap: the user's stack may be small
        malloced const held{static_cast<char*>(std::malloc(longest))};  // NOLINT(*-no-malloc): may fail
        char* const name = held.get();
        if (name == nullptr || !copy_module_name(address, {name, longest}) || name[0] == '\0') return;
        // With the loader's own name for it dlopen() finds the loaded module, and opens no file.
        if (::dlopen(name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) == nullptr) return;
    }
    for (; known < code_kept.size(); ++known) {
        std::uintptr_t none = 0;
        if (code_kept[known].compare_exchange_strong(none, address, std::memory_order_acq_rel)) return;
    }
}

#else

LOOPWATCH_DECL void keep_loaded(void const*) noexcept {}

#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
