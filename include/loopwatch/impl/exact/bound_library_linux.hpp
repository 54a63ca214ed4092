// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "completed_operations.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Of which Asio a function is that makes or completes operations: it goes by their layout, which exact mode's macros
/// change. A mangled name.
constexpr which_asio layout_matters_to(std::string_view name) noexcept
{
    bool const is_boosts = name.starts_with("_ZN5boost4asio");
    if (!is_boosts && !name.starts_with("_ZN4asio")) return which_asio::neither;
    bool const completes = name.find("E11do_completeEPv") != name.npos;
    bool const makes =
        name.find("16service_registry6create") != name.npos && name.find("9scheduler") != name.npos;  // of a context
    if (!completes && !makes) return which_asio::neither;
    return is_boosts ? which_asio::boost : which_asio::standalone;
}

/// What the loader has bound of a shared library, by its relocations.
class bound_library {
public:
    explicit bound_library(dl_phdr_info const& module)
    {
        base_ = module.dlpi_addr;
        for (ElfW(Phdr) const& segment : view{module.dlpi_phdr, module.dlpi_phnum}) {
            if (segment.p_type != PT_DYNAMIC) continue;
            auto const* entry = reinterpret_cast<ElfW(Dyn) const*>(base_ + segment.p_vaddr);
            for (; entry->d_tag != DT_NULL; ++entry) note(*entry);
        }
    }

    /// Calls see(char const* name) for each symbol that the library looks for outside of itself first.
    template <typename See>
    void each(See const& see) const
    {
        if (symbols_ == nullptr || names_ == nullptr || is_symbolic_) return;
        for (view<ElfW(Rela) const> const table : {view{all_, all_size_}, view{calls_, calls_size_}})
            for (ElfW(Rela) const& one : table)
                if (auto const number = ELF64_R_SYM(one.r_info); number != 0) see(names_ + symbols_[number].st_name);
    }

private:
    /// glibc relocates these pointers, other C libraries leave the file's values.
    template <typename T>
    [[nodiscard]] T const* at(ElfW(Dyn) const& entry) const
    {
        std::uintptr_t const value = entry.d_un.d_ptr;
        return reinterpret_cast<T const*>(value < base_ ? base_ + value : value);
    }
    void note(ElfW(Dyn) const& entry)
    {
        switch (entry.d_tag) {
            case DT_SYMTAB: symbols_ = at<ElfW(Sym)>(entry); break;
            case DT_STRTAB: names_ = at<char>(entry); break;
            case DT_RELA: all_ = at<ElfW(Rela)>(entry); break;
            case DT_RELASZ: all_size_ = entry.d_un.d_val / sizeof(ElfW(Rela)); break;
            case DT_JMPREL: calls_ = at<ElfW(Rela)>(entry); break;
            case DT_PLTRELSZ: calls_size_ = entry.d_un.d_val / sizeof(ElfW(Rela)); break;
            case DT_FLAGS: is_symbolic_ = (entry.d_un.d_val & DF_SYMBOLIC) != 0; break;
            default: break;
        }
    }

    std::uintptr_t base_{0};
    ElfW(Sym) const* symbols_ { nullptr };
    char const* names_{nullptr};
    ElfW(Rela) const* all_ { nullptr };
    ElfW(Rela) const* calls_ { nullptr };
    std::size_t all_size_{0};
    std::size_t calls_size_{0};
    bool is_symbolic_{false};
};

/// A shared library that is compiled without exact mode's macros, and whose own Asio the loader has replaced by the
/// program's, which has them: its path, or "". Both have functions of Asio of the same names, and the program's come
/// first, so that a context of the library's is made by one of them and run by the other. `tracked(which_asio)`:
/// whether the program's is.
///
/// Throws: std::bad_alloc.
template <typename Tracked>
std::string library_bound_to_programs_asio(Tracked const& tracked)
{
    struct candidate {
        std::string path;
        many<char const*> functions;
    };
    struct search {
        Tracked const* tracked;
        many<candidate> found;
        view<ElfW(Phdr) const> program;
        std::uintptr_t program_at{0};
    } all{&tracked, {}, {}, 0};
    ::dl_iterate_phdr(
        [](dl_phdr_info* module, std::size_t, void* to) -> int {
            auto& s = *static_cast<search*>(to);
            if (s.program.empty()) {
                s.program = view<ElfW(Phdr) const>{module->dlpi_phdr, module->dlpi_phnum};
                s.program_at = module->dlpi_addr;
                return 0;
            }
            std::string_view const path = module->dlpi_name == nullptr ? "" : module->dlpi_name;
            if (path.find('/') == path.npos) return 0;  // the vdso
            try {
                candidate one{std::string{path}, {}};
                bool has_macros = false;
                bound_library{*module}.each([&](char const* name) {
                    has_macros |= std::string_view{name}.starts_with("_ZN9loopwatch8exact_v15exact");
                    if ((*s.tracked)(layout_matters_to(name))) one.functions.push_back(name);
                });
                if (!has_macros && !one.functions.empty()) s.found.push_back(std::move(one));
            } catch (std::bad_alloc const&) {
                return 1;  // no exception through the loader's code
            }
            return 0;
        },
        &all);
    for (candidate const& one : all.found)
        for (char const* const name : one.functions) {
            auto const bound = reinterpret_cast<std::uintptr_t>(::dlsym(RTLD_DEFAULT, name));
            for (ElfW(Phdr) const& segment : all.program)
                if (segment.p_type == PT_LOAD && bound - (all.program_at + segment.p_vaddr) < segment.p_memsz)
                    return one.path;
        }
    return {};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
