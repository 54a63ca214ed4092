// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../../detail/config.hpp"
#include "../base/by_number.hpp"
#include "../base/many.hpp"
#include "../base/view.hpp"
#include "debug_link.hpp"
#include "demangled.hpp"
#include "dwarf_names.hpp"
#include "dwarf_unit.hpp"
#include "loaded_code_linux.hpp"
#include "module_place.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <libelf.h>
#include <link.h>
#include <unistd.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Debug information by elfutils' libdw, which reads only what is asked for: the first block of a process costs some 10
/// ms and 10 MB.
class debug_information {
public:
    /// `debug_folders`, separated by colons: where separate debug files are found by build ID. Null: /usr/lib/debug.
    explicit debug_information(char const* debug_folders = nullptr)
        : folders_{debug_folders != nullptr ? debug_folders : "/usr/lib/debug"}
    {
        callbacks_.find_elf = &open_module;
        callbacks_.find_debuginfo = &find_debug_file;
        callbacks_.section_address = &dwfl_offline_section_address;
        callbacks_.debuginfo_path = &folders_text_;
        begin();
    }
    debug_information(debug_information const&) = delete;
    debug_information& operator=(debug_information const&) = delete;
    ~debug_information() { end(); }

    /// The functions at `code`, innermost first, with demangled names; empty if unknown. For code between functions
    /// only the line may be known.
    std::vector<frame> functions_at(std::uintptr_t code)
    {
        std::vector<frame> frames;
        Dwfl_Module* const module = module_at(code);
        if (module == nullptr) return frames;
        auto& [state, id, bias, ranges] = of(module);
        for (range const& r : ranges) {
            if (code - bias < r.from || code - bias >= r.to) continue;
            Dwarf_Die die{};
            if (::dwarf_offdie(::dwfl_module_getdwarf(module, &bias), r.unit, &die) == nullptr) continue;
            auto found = functions_in(die, code - bias, bias);
            bool const is_function = !found.empty() && !found.front().function.empty();
            if (is_function || frames.empty()) frames = std::move(found);
            if (is_function) break;
        }
        return frames;
    }

    /// The demangled name of the symbol at `code`; "" if there is none.
    std::string symbol_at(std::uintptr_t code)
    {
        std::string const name = symbol_name_at(code);
        return name.empty() ? name : demangled(name.c_str());
    }

    void follow_modules(std::string const& program, bool, bool fewer)
    {
        // The first readable link also leads to a program whose file was replaced since.
        program_ = program;
        for (char const* const running : program_links) {
            if (::access(running, R_OK) != 0) continue;
            program_ = running;
            break;
        }
        known_.clear();
        units_ = {};
        // After an unload another file may be at the same address, under the same name.
        if (fewer) begin();
        if (modules_ == nullptr) return;
        ::dwfl_report_begin(modules_);  // modules that are reported again stay as they were read
        int const failed = ::dl_iterate_phdr(&report_module, this);
        ::dwfl_report_end(modules_, nullptr, nullptr);
        if (failed != 0) throw std::bad_alloc{};
    }

    /// From now on addresses are of another process, whose modules lay there.
    void use_modules(view<module_place const> places)
    {
        known_.clear();
        units_ = {};
        begin();
        if (modules_ == nullptr) return;
        ::dwfl_report_begin(modules_);
        for (module_place const& place : places) {
            constexpr std::uintptr_t page = 4096;
            Dwfl_Module* const module = ::dwfl_report_module(modules_, place.file.c_str(), place.begin / page * page,
                                                             (place.end + page - 1) / page * page);
            if (module != nullptr) of(module).id = place.build_id;
        }
        ::dwfl_report_end(modules_, nullptr, nullptr);
    }

    /// Of the function at `code` that its module exports, the plainest name, mangled; "" if it exports none.
    std::string exported_at(std::uintptr_t code)
    {
        Dwfl_Module* const module = module_at(code);
        std::string plainest;
        for (int i = module != nullptr ? ::dwfl_module_getsymtab(module) : 0; i-- > 0;) {
            GElf_Sym symbol{};
            GElf_Addr address = 0;
            char const* const name = ::dwfl_module_getsym_info(module, i, &symbol, &address, nullptr, nullptr, nullptr);
            if (name == nullptr || symbol.st_shndx == SHN_UNDEF || code - address >= symbol.st_size) continue;
            auto const type = GELF_ST_TYPE(symbol.st_info);
            bool const is_function = type == STT_FUNC || type == STT_GNU_IFUNC;
            if (!is_function || GELF_ST_BIND(symbol.st_info) == STB_LOCAL) continue;
            std::string_view const plain{name, std::strcspn(name, "@")};
            if (plainest.empty() || is_plainer_name(plain, plainest)) plainest = plain;
        }
        return plainest;
    }

    /// Whether the file that lay at `code` is there, and is the one that ran.
    [[nodiscard]] bool has_file_at(std::uintptr_t code) { return module_at(code) != nullptr; }

private:
    /// Addresses of one compilation unit.
    struct range {
        Dwarf_Addr from, to;
        Dwarf_Off unit;
    };
    enum class file_state { unread, loaded, other };
    struct known_module {
        file_state state{file_state::unread};
        std::string id;  // the build ID of what is loaded, if it has one
        Dwarf_Addr bias{0};
        many<range> ranges;
    };

    known_module& of(Dwfl_Module* module) { return known_[reinterpret_cast<std::uintptr_t>(module)]; }

    /// Null also if the file on disk was replaced since it was loaded: all names would be wrong.
    Dwfl_Module* module_at(std::uintptr_t code)
    {
        Dwfl_Module* const module = modules_ != nullptr ? ::dwfl_addrmodule(modules_, code) : nullptr;
        if (module == nullptr) return nullptr;
        auto& [state, id, bias, ranges] = of(module);
        if (state == file_state::unread) {
            state = is_file_of(module, id) ? file_state::loaded : file_state::other;
            if (state == file_state::loaded) ranges = ranges_of(module, bias);
        }
        return state == file_state::loaded ? module : nullptr;
    }

    static bool is_file_of(Dwfl_Module* module, std::string const& id)
    {
        if (id.empty()) return true;
        GElf_Addr at = 0;
        unsigned char const* bits = nullptr;
        if (::dwfl_module_getelf(module, &at) == nullptr) return false;
        int const length = ::dwfl_module_build_id(module, &bits, &at);
        return length > 0 &&
               id == std::string_view{reinterpret_cast<char const*>(bits), static_cast<std::size_t>(length)};
    }

    void begin()
    {
        end();
        modules_ = ::dwfl_begin(&callbacks_);
    }
    void end()
    {
        if (modules_ != nullptr) ::dwfl_end(modules_);
        modules_ = nullptr;
    }

    // By the units' own ranges: clang writes no .debug_aranges.
    static many<range> ranges_of(Dwfl_Module* module, Dwarf_Addr& bias)
    {
        many<range> ranges;
        Dwarf* const debug = ::dwfl_module_getdwarf(module, &bias);
        if (debug == nullptr) return ranges;
        Dwarf_CU* cu = nullptr;
        Dwarf_Die die{};
        std::uint8_t type = 0;
        while (::dwarf_get_units(debug, cu, &cu, nullptr, &type, &die, nullptr) == 0) {
            if (type != DW_UT_compile && type != DW_UT_skeleton) continue;
            // With split debug information the ranges are here, and the functions in another file.
            Dwarf_Addr base = 0;
            Dwarf_Addr from = 0;
            Dwarf_Addr to = 0;
            for (std::ptrdiff_t at = 0; (at = ::dwarf_ranges(&die, at, &base, &from, &to)) > 0;)
                if (from != 0 && from < to) ranges.push_back({from, to, ::dwarf_dieoffset(&die)});
        }
        return ranges;
    }

    std::vector<frame> functions_in(Dwarf_Die unit_die, Dwarf_Addr code, Dwarf_Addr bias)
    {
        std::vector<frame> frames;
        std::string file;
        unsigned line = 0;
        if (Dwarf_Line* const found = ::dwarf_getsrc_die(&unit_die, code)) {
            int number = 0;
            if (char const* const name = ::dwarf_linesrc(found, nullptr, nullptr)) file = name;
            if (::dwarf_lineno(found, &number) == 0 && number > 0) line = static_cast<unsigned>(number);
        }
        Dwarf_Die holder = unit_die;
        if (Dwarf_Die part{}; in_other_file(unit_die, part)) holder = part;
        if (auto const function = units_.of(holder).function_at(code)) {
            auto chain = dwarf_unit::inlined_at(*function, code);
            for (std::size_t i = chain.size(); i-- > 0;) {
                Dwarf_Die const& die = chain[i];
                frame& f = frames.emplace_back();
                auto named = dwarf_names{units_}.of(die);
                f.function = std::move(named.text);
                if (i == 0) add_symbol(f.function, symbol_name_at(code + bias), named.whole);
                f.file = std::move(file);
                f.line = line;
                file = call_file(die, holder);
                line = static_cast<unsigned>(number_of(die, DW_AT_call_line));
            }
        } else if (line != 0) {
            frame& f = frames.emplace_back();
            f.file = std::move(file);
            f.line = line;
        }
        return frames;
    }

    std::string symbol_name_at(std::uintptr_t code)
    {
        Dwfl_Module* const module = module_at(code);
        if (module == nullptr) return {};
        GElf_Off offset = 0;
        GElf_Sym symbol{};
        char const* const name = ::dwfl_module_addrinfo(module, code, &offset, &symbol, nullptr, nullptr, nullptr);
        // Code beyond the end of the symbol, or not at the start of one without a size, has no name.
        if (name == nullptr || (offset != 0 && offset >= symbol.st_size)) return {};
        return {name, std::strcspn(name, "@")};  // without the symbol's version
    }

    /// Adds what only the symbol says: the full name if the debug information has not all of it, and which of clang's
    /// functions are bodies of coroutines.
    static void add_symbol(std::string& function, std::string const& symbol, bool whole)
    {
        if (symbol.empty()) return;
        if (!whole) function = demangled(symbol.c_str());
        for (std::string_view const body : {".resume", ".destroy", ".cleanup"})
            if (whole && symbol.ends_with(body)) function.append(" [clone ").append(body).append("]");
    }

    static bool in_other_file(Dwarf_Die& skeleton, Dwarf_Die& part)
    {
        std::uint8_t type = 0;
        return ::dwarf_cu_info(skeleton.cu, nullptr, &type, nullptr, &part, nullptr, nullptr, nullptr) == 0 &&
               type == DW_UT_skeleton && part.addr != nullptr;
    }

    static Dwarf_Word number_of(Dwarf_Die die, unsigned name)
    {
        Dwarf_Attribute attribute{};
        Dwarf_Word number = 0;
        return ::dwarf_formudata(::dwarf_attr(&die, name, &attribute), &number) == 0 ? number : 0;
    }

    static std::string call_file(Dwarf_Die const& inlined, Dwarf_Die& unit_die)
    {
        Dwarf_Files* files = nullptr;
        std::size_t count = 0;
        auto const index = number_of(inlined, DW_AT_call_file);
        if (::dwarf_getsrcfiles(&unit_die, &files, &count) != 0 || index >= count) return {};
        char const* const name = ::dwarf_filesrc(files, index, nullptr, nullptr);
        return name != nullptr ? name : std::string{};
    }

    // --- the modules of this process ---

    static int report_module(dl_phdr_info* info, std::size_t, void* to)
    {
        std::uintptr_t from = ~std::uintptr_t{0};
        std::uintptr_t end = 0;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
            auto const& segment = info->dlpi_phdr[i];
            if (segment.p_type != PT_LOAD) continue;
            from = std::min<std::uintptr_t>(from, info->dlpi_addr + segment.p_vaddr);
            end = std::max<std::uintptr_t>(end, info->dlpi_addr + segment.p_vaddr + segment.p_memsz);
        }
        if (from >= end) return 0;
        constexpr std::uintptr_t page = 4096;
        bool const is_program = info->dlpi_name == nullptr || *info->dlpi_name == '\0';
        auto& self = *static_cast<debug_information*>(to);
        Dwfl_Module* const module =
            ::dwfl_report_module(self.modules_, is_program ? self.program_.c_str() : info->dlpi_name,
                                 from / page * page, (end + page - 1) / page * page);
        // Nothing is thrown through the loader, which holds its lock, or through libdw.
        try {
            if (module != nullptr) self.of(module).id = loaded_build_id(*info);
            return 0;
        } catch (...) {
            return 1;
        }
    }

    /// Opens a module's file by mapping it, so that no file descriptor stays open.
    static int open_module(Dwfl_Module*, void**, char const* name, Dwarf_Addr, char** file_name, Elf** elf)
    {
        int const file = ::open(name, O_RDONLY | O_CLOEXEC);
        if (file < 0) return file;
        *file_name = ::strdup(name);
        ::elf_version(EV_CURRENT);
        *elf = ::elf_begin(file, ELF_C_READ_MMAP_PRIVATE, nullptr);
        // If the file could not be mapped, reads all of it, so that it can be closed.
        if (*elf != nullptr && ::elf_cntl(*elf, ELF_C_FDREAD) != 0) return file;
        ::close(file);
        return -1;
    }

    /// Finds a separate debug file, by build ID or by .gnu_debuglink. Not by libdw's standard callback, which also asks
    /// a network service (debuginfod).
    static int find_debug_file(Dwfl_Module* module, void** data, char const* name, Dwarf_Addr base,
                               char const* file_name, char const* link, GElf_Word check, char** found)
    {
        int file = ::dwfl_build_id_find_debuginfo(module, data, name, base, file_name, link, check, found);
        try {
            if (file < 0 && link != nullptr && *link != '\0')
                file = find_linked_file(file_name != nullptr ? file_name : name, link, check, found);
        } catch (...) {
            return -1;
        }
        // It stays open until libdw closes it, and must not be inherited by programs that are started.
        if (file >= 0) ::fcntl(file, F_SETFD, FD_CLOEXEC);
        return file;
    }

    std::string folders_;
    char* folders_text_{folders_.data()};
    Dwfl_Callbacks callbacks_{};
    Dwfl* modules_{nullptr};
    std::string program_;
    dwarf_units units_;
    by_number<known_module> known_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
