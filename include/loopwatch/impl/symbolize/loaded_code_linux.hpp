// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/algorithm.hpp"
#include "../../detail/config.hpp"
#include "../../detail/maybe.hpp"
#include "../base/fixed.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "module_place.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

// What the loader knows of an address. Not by dladdr(): its lock is held throughout dlopen() and dlclose(), static
// constructors included, and a guard in one of these waits for the report when it ends. dl_iterate_phdr() takes another
// lock, which is never held while code of the program runs.

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Links to the program's own file: by process, which emulators support; by thread, for a process whose main thread has
/// ended.
inline constexpr char const* program_links[]{"/proc/self/exe", "/proc/thread-self/exe"};

/// Whether this name of a function is the one to show: poll, not __poll; fgets, not _IO_fgets; open, not open64.
[[nodiscard]] inline bool is_plainer_name(std::string_view name, std::string_view than)
{
    bool const reserved = name.starts_with('_');
    return reserved != than.starts_with('_') ? !reserved : name.size() < than.size();
}

/// The module that an address is in.
struct loaded_code {
    std::string file;        // as the loader names it; "" is the program
    std::uintptr_t bias{0};  // to be subtracted to get an address in the file
};

/// A module's dynamic symbol table, read from memory. Valid while the module is loaded.
class exported_symbols {
public:
    explicit exported_symbols(dl_phdr_info const& module) : module_{module}
    {
        for (ElfW(Phdr) const& segment : view{module.dlpi_phdr, module.dlpi_phnum}) {
            if (segment.p_type != PT_DYNAMIC) continue;
            auto const* entry = reinterpret_cast<ElfW(Dyn) const*>(module.dlpi_addr + segment.p_vaddr);
            for (; entry->d_tag != DT_NULL; ++entry) note(*entry);
        }
    }

    /// The name of the function that contains `address`; null if unknown. Of several names the plainest.
    [[nodiscard]] char const* function_at(std::uintptr_t address) const
    {
        if (symbols_ == nullptr || names_ == nullptr) return nullptr;
        std::uintptr_t const wanted = address - module_.dlpi_addr;
        auto const holds = [&](ElfW(Sym) const& s) {
            // Both classes of ELF pack the type alike.
            auto const type = ELF64_ST_TYPE(s.st_info);
            return s.st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_GNU_IFUNC) &&
                   wanted - s.st_value < s.st_size;
        };
        char const* plainest = nullptr;
        for (ElfW(Sym) const& s : view{symbols_, count()})
            if (holds(s) && (plainest == nullptr || is_plainer_name(names_ + s.st_name, plainest)))
                plainest = names_ + s.st_name;
        return plainest;
    }

private:
    void note(ElfW(Dyn) const& entry)
    {
        switch (entry.d_tag) {
            case DT_SYMTAB: symbols_ = at<ElfW(Sym)>(entry); break;
            case DT_STRTAB: names_ = at<char>(entry); break;
            case DT_HASH: hash_ = at<std::uint32_t>(entry); break;
            case DT_GNU_HASH: gnu_hash_ = at<std::uint32_t>(entry); break;
            default: break;
        }
    }

    /// The table that an entry points to. glibc relocates these pointers, except in the vdso; other C libraries leave
    /// the file's values.
    template <typename T>
    [[nodiscard]] T const* at(ElfW(Dyn) const& entry) const
    {
        std::uintptr_t const value = entry.d_un.d_ptr;
        for (ElfW(Phdr) const& segment : view{module_.dlpi_phdr, module_.dlpi_phnum}) {
            if (segment.p_type != PT_LOAD) continue;
            if (value - (module_.dlpi_addr + segment.p_vaddr) < segment.p_memsz)
                return reinterpret_cast<T const*>(value);
        }
        return reinterpret_cast<T const*>(module_.dlpi_addr + value);
    }

    /// How many symbols there are. No entry says it; it follows from the hash tables.
    [[nodiscard]] std::size_t count() const
    {
        if (gnu_hash_ != nullptr) return last_in_gnu_hash() + 1;
        return hash_ != nullptr ? hash_[1] : 0;  // buckets, chains: one per symbol
    }
    [[nodiscard]] std::size_t last_in_gnu_hash() const
    {
        constexpr std::size_t words = sizeof(ElfW(Addr)) / sizeof(std::uint32_t);
        std::uint32_t const buckets = gnu_hash_[0];
        std::uint32_t const first = gnu_hash_[1];
        std::uint32_t const* const bucket = gnu_hash_ + 4 + gnu_hash_[2] * words;
        std::uint32_t const* const chain = bucket + buckets;
        std::uint32_t last = 0;
        for (std::uint32_t const b : view{bucket, buckets}) last = std::max(last, b);
        if (last < first) return first == 0 ? 0 : first - 1;
        while ((chain[last - first] & 1) == 0) ++last;
        return last;
    }

    dl_phdr_info const& module_;
    ElfW(Sym) const* symbols_ { nullptr };
    char const* names_{nullptr};
    std::uint32_t const* hash_{nullptr};
    std::uint32_t const* gnu_hash_{nullptr};
};

/// Calls `what` with the module that contains `address`, which stays loaded meanwhile. False: no module contains it.
/// Throws: std::bad_alloc if `what` throws.
template <typename Function>
bool with_module_of(std::uintptr_t address, Function what)
{
    struct search {
        std::uintptr_t address;
        Function* what;
        bool failed;
    } wanted{address, &what, false};
    bool const found = ::dl_iterate_phdr(
                           [](dl_phdr_info* info, std::size_t, void* state) -> int {
                               auto& s = *static_cast<search*>(state);
                               auto const holds = [&](ElfW(Phdr) const& segment) {
                                   return segment.p_type == PT_LOAD &&
                                          s.address - (info->dlpi_addr + segment.p_vaddr) < segment.p_memsz;
                               };
                               if (!any_of(view{info->dlpi_phdr, info->dlpi_phnum}, holds)) return 0;
                               // Nothing is thrown through the loader, which holds its lock.
                               try {
                                   (*s.what)(*info);
                               } catch (...) {
                                   s.failed = true;
                               }
                               return 1;
                           },
                           &wanted) != 0;
    if (wanted.failed) throw std::bad_alloc{};
    return found;
}

[[nodiscard]] inline maybe<loaded_code> loaded_code_at(std::uintptr_t address)
{
    loaded_code found;
    bool const in_module = with_module_of(address, [&](dl_phdr_info const& module) {
        found.file = module.dlpi_name != nullptr ? module.dlpi_name : "";
        found.bias = module.dlpi_addr;
    });
    return in_module ? maybe{std::move(found)} : nothing;
}

/// The mangled name of the exported function at this address; "" if unknown. Reads the module's whole symbol table:
/// some 20 us for the largest.
[[nodiscard]] inline std::string exported_function_at(std::uintptr_t address)
{
    std::string name;
    with_module_of(address, [&](dl_phdr_info const& module) {
        if (char const* const found = exported_symbols{module}.function_at(address)) name = found;
    });
    return name;
}

/// The path of the program's file; without /proc, the one it was started by.
[[nodiscard]] inline std::string program_path()
{
    fixed<char, 4096> path{};
    for (char const* const running : program_links)
        if (auto const length = ::readlink(running, path.data(), path.size()); length > 0)
            return {path.data(), static_cast<std::size_t>(length)};
    auto const* const started = reinterpret_cast<char const*>(::getauxval(AT_EXECFN));
    return started != nullptr ? started : "";
}

/// Whether a part of the module is in one of its segments in memory.
[[nodiscard]] inline bool is_loaded(dl_phdr_info const& info, ElfW(Phdr) const& part)
{
    return any_of(view{info.dlpi_phdr, info.dlpi_phnum}, [&](ElfW(Phdr) const& segment) {
        return segment.p_type == PT_LOAD && (segment.p_flags & PF_R) != 0 && part.p_vaddr >= segment.p_vaddr &&
               part.p_vaddr + part.p_memsz <= segment.p_vaddr + segment.p_filesz;
    });
}

/// The build ID of a module, read from memory; "" if there is none.
[[nodiscard]] inline std::string loaded_build_id(dl_phdr_info const& info)
{
    for (ElfW(Phdr) const& segment : view{info.dlpi_phdr, info.dlpi_phnum}) {
        if (segment.p_type != PT_NOTE || !is_loaded(info, segment)) continue;
        auto const* at = reinterpret_cast<char const*>(info.dlpi_addr + segment.p_vaddr);
        std::size_t left = segment.p_memsz;
        std::size_t const align = segment.p_align == 8 ? 8 : 4;
        auto const padded = [align](std::size_t size) { return (size + align - 1) / align * align; };
        ElfW(Nhdr) note;
        while (left >= sizeof note) {
            std::memcpy(&note, at, sizeof note);
            std::size_t const content = padded(sizeof note + note.n_namesz);
            std::size_t const size = padded(content + note.n_descsz);
            if (content + note.n_descsz > left) break;
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(at + sizeof note, "GNU", 4) == 0)
                return {at + content, note.n_descsz};
            at += std::min(size, left);
            left -= std::min(size, left);
        }
    }
    return {};
}

[[nodiscard]] inline module_changes changes_of_modules()
{
    module_changes m;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* to) {
            auto& seen = *static_cast<module_changes*>(to);
            seen.loads = info->dlpi_adds;
            seen.unloads = info->dlpi_subs;
            return 1;
        },
        &m);
    return m;
}

/// Where all modules of this process lie. Throws: std::bad_alloc.
[[nodiscard]] inline many<module_place> places_of_modules()
{
    struct listing {
        many<module_place> found;
        bool failed{false};
    } all;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* to) -> int {
            auto& list = *static_cast<listing*>(to);
            // Nothing is thrown through the loader, which holds its lock.
            try {
                module_place m;
                m.begin = ~std::uintptr_t{0};
                for (ElfW(Phdr) const& segment : view{info->dlpi_phdr, info->dlpi_phnum}) {
                    if (segment.p_type != PT_LOAD) continue;
                    std::uintptr_t const begin = info->dlpi_addr + segment.p_vaddr;
                    m.begin = std::min(m.begin, begin);
                    m.end = std::max<std::uintptr_t>(m.end, begin + segment.p_memsz);
                }
                if (m.begin >= m.end) return 0;
                m.bias = info->dlpi_addr;
                m.file = info->dlpi_name != nullptr ? info->dlpi_name : "";
                m.is_program = m.file.empty();
                m.build_id = loaded_build_id(*info);
                list.found.push_back(std::move(m));
                return 0;
            } catch (...) {
                list.failed = true;
                return 1;
            }
        },
        &all);
    if (all.failed) throw std::bad_alloc{};
    for (module_place& m : all.found)
        if (m.is_program) m.file = program_path();
    return std::move(all.found);
}

/// Where the runtime libraries begin in a statically linked program. They are linked last, the C++ library before the C
/// library. The highest address if the program asks for a loader: then they are shared libraries.
[[nodiscard]] inline std::uintptr_t linked_runtime_begin()
{
    bool has_loader = false;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* state) -> int {
            view const segments{info->dlpi_phdr, info->dlpi_phnum};  // the first is the program
            auto const asks = [](ElfW(Phdr) const& segment) { return segment.p_type == PT_INTERP; };
            *static_cast<bool*>(state) = any_of(segments, asks);
            return 1;
        },
        &has_loader);
    // Among the first functions of the C++ library, and no program may replace it.
    return has_loader ? ~std::uintptr_t{0} : reinterpret_cast<std::uintptr_t>(&std::terminate);
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
