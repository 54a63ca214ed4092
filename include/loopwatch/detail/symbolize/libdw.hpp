// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../block_report.hpp"
#include "../config.hpp"
#include "demangled.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <link.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// By elfutils' libdw. It reads what it is asked for and no more: the first block of a process costs some 10 ms and 10
/// MB.
class debug_information {
public:
    debug_information()
    {
        static Dwfl_Callbacks const ways = [] {
            Dwfl_Callbacks w{};
            w.find_elf = &open_module;
            w.find_debuginfo = &find_debug_file;
            w.section_address = &dwfl_offline_section_address;
            return w;
        }();
        modules_ = ::dwfl_begin(&ways);
    }
    debug_information(debug_information const&) = delete;
    debug_information& operator=(debug_information const&) = delete;
    ~debug_information()
    {
        if (modules_ != nullptr) ::dwfl_end(modules_);
    }

    /// Innermost first; empty where nothing is known.
    std::vector<frame> functions_at(std::uintptr_t code)
    {
        std::vector<frame> frames;
        Dwfl_Module* const module = modules_ != nullptr ? ::dwfl_addrmodule(modules_, code) : nullptr;
        if (module == nullptr) return frames;
        auto& [read, bias, units] = units_[module];
        if (!read) {
            read = true;
            units = units_of(module, bias);
        }
        for (unit const& u : units) {
            if (code - bias < u.from || code - bias >= u.to) continue;
            Dwarf_Die die{};
            if (::dwarf_offdie(::dwfl_module_getdwarf(module, &bias), u.die, &die) == nullptr) continue;
            if (add_functions(die, code - bias, frames)) return frames;
        }
        return frames;
    }

    /// Demangled; "" where there is none.
    std::string symbol_at(std::uintptr_t code)
    {
        Dwfl_Module* const module = modules_ != nullptr ? ::dwfl_addrmodule(modules_, code) : nullptr;
        if (module == nullptr) return {};
        GElf_Off offset = 0;
        GElf_Sym symbol{};
        char const* const name = ::dwfl_module_addrinfo(module, code, &offset, &symbol, nullptr, nullptr, nullptr);
        if (name == nullptr) return {};
        std::string const bare{name, std::strcspn(name, "@")};  // the symbol's version
        return demangled(bare.c_str());
    }

    void follow_modules(std::string const&, bool)
    {
        if (modules_ == nullptr) return;
        units_.clear();
        ::dwfl_report_begin(modules_);  // modules that are reported again stay as they were read
        ::dl_iterate_phdr(&report_module, modules_);
        ::dwfl_report_end(modules_, nullptr, nullptr);
    }

private:
    /// A range of addresses of one compilation unit.
    struct unit {
        Dwarf_Addr from, to;
        Dwarf_Off die;
    };
    struct module_units {
        bool read{false};
        Dwarf_Addr bias{0};
        std::vector<unit> units;
    };

    // By the units' own ranges: clang writes no .debug_aranges.
    static std::vector<unit> units_of(Dwfl_Module* module, Dwarf_Addr& bias)
    {
        std::vector<unit> units;
        Dwarf* const debug = ::dwfl_module_getdwarf(module, &bias);
        if (debug == nullptr) return units;
        Dwarf_CU* cu = nullptr;
        Dwarf_Die die{};
        Dwarf_Die part{};
        std::uint8_t type = 0;
        while (::dwarf_get_units(debug, cu, &cu, nullptr, &type, &die, &part) == 0) {
            if (type != DW_UT_compile && type != DW_UT_skeleton) continue;
            // Of split debug information the ranges are here, and the functions in a file of their own.
            Dwarf_Addr base = 0;
            Dwarf_Addr from = 0;
            Dwarf_Addr to = 0;
            for (std::ptrdiff_t at = 0; (at = ::dwarf_ranges(&die, at, &base, &from, &to)) > 0;)
                if (from != 0 && from < to) units.push_back({from, to, ::dwarf_dieoffset(&die)});
        }
        return units;
    }

    /// False: the unit has no function there.
    static bool add_functions(Dwarf_Die& unit_die, Dwarf_Addr code, std::vector<frame>& frames)
    {
        Dwarf_Die holder = unit_die;
        if (Dwarf_Die part{}; unit_info(unit_die, part)) holder = part;

        scopes const at{holder, code};
        if (at.count <= 0) return false;
        scopes const outwards{at.all[0]};
        std::string file;
        unsigned line = 0;
        if (Dwarf_Line* const found = ::dwarf_getsrc_die(&unit_die, code)) {
            int number = 0;
            if (char const* const name = ::dwarf_linesrc(found, nullptr, nullptr)) file = name;
            if (::dwarf_lineno(found, &number) == 0 && number > 0) line = static_cast<unsigned>(number);
        }
        bool any = false;
        for (int i = 0; i < outwards.count; ++i) {
            Dwarf_Die& die = outwards.all[i];
            int const tag = ::dwarf_tag(&die);
            if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine) continue;
            frame& f = frames.emplace_back();
            f.function = name_of_function(die);
            f.file = std::move(file);
            f.line = line;
            any = true;
            if (tag == DW_TAG_subprogram) break;
            file = call_file(die, unit_die);
            line = static_cast<unsigned>(number_of(die, DW_AT_call_line));
        }
        return any;
    }

    static bool unit_info(Dwarf_Die& skeleton, Dwarf_Die& part)
    {
        std::uint8_t type = 0;
        return ::dwarf_cu_info(skeleton.cu, nullptr, &type, nullptr, &part, nullptr, nullptr, nullptr) == 0 &&
               type == DW_UT_skeleton && part.addr != nullptr;
    }

    struct scopes {
        /// Those around an address, innermost first. Beyond an inlined function they are those of its definition.
        scopes(Dwarf_Die& unit_die, Dwarf_Addr code) : count{::dwarf_getscopes(&unit_die, code, &all)} {}
        /// Those that an entry stands in, itself first: beyond an inlined function the one that it was inlined into.
        explicit scopes(Dwarf_Die& die) : count{::dwarf_getscopes_die(&die, &all)} {}
        scopes(scopes const&) = delete;
        scopes& operator=(scopes const&) = delete;
        ~scopes() { std::free(all); }

        Dwarf_Die* all{nullptr};
        int count;
    };

    static std::string text_of(Dwarf_Die& die, unsigned name)
    {
        Dwarf_Attribute attribute{};
        char const* const text = ::dwarf_formstring(::dwarf_attr_integrate(&die, name, &attribute));
        return text != nullptr ? text : std::string{};
    }

    static Dwarf_Word number_of(Dwarf_Die& die, unsigned name)
    {
        Dwarf_Attribute attribute{};
        Dwarf_Word number = 0;
        return ::dwarf_formudata(::dwarf_attr(&die, name, &attribute), &number) == 0 ? number : 0;
    }

    static std::string call_file(Dwarf_Die& inlined, Dwarf_Die& unit_die)
    {
        Dwarf_Files* files = nullptr;
        std::size_t count = 0;
        auto const index = number_of(inlined, DW_AT_call_file);
        if (::dwarf_getsrcfiles(&unit_die, &files, &count) != 0 || index >= count) return {};
        char const* const name = ::dwarf_filesrc(files, index, nullptr, nullptr);
        return name != nullptr ? name : std::string{};
    }

    static std::string name_of_function(Dwarf_Die& die)
    {
        std::string linkage = text_of(die, DW_AT_linkage_name);
        if (linkage.empty()) linkage = text_of(die, DW_AT_MIPS_linkage_name);
        return linkage.empty() ? text_of(die, DW_AT_name) : demangled(linkage.c_str());
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
        // The first is the program itself: by this name also if it has been replaced since.
        bool const is_program = info->dlpi_name == nullptr || *info->dlpi_name == '\0';
        ::dwfl_report_module(static_cast<Dwfl*>(to), is_program ? "/proc/self/exe" : info->dlpi_name,
                             from / page * page, (end + page - 1) / page * page);
        return 0;
    }

    static int open_module(Dwfl_Module*, void**, char const* name, Dwarf_Addr, char** file_name, Elf**)
    {
        int const file = ::open(name, O_RDONLY | O_CLOEXEC);
        if (file >= 0) *file_name = ::strdup(name);
        return file;
    }

    /// Where distributions put debug information. Not libdw's own way, which also asks a network for it (debuginfod).
    static int find_debug_file(Dwfl_Module* module, void** data, char const* name, Dwarf_Addr base,
                               char const* file_name, char const* link, GElf_Word check, char** found)
    {
        return ::dwfl_build_id_find_debuginfo(module, data, name, base, file_name, link, check, found);
    }

    Dwfl* modules_{nullptr};
    std::unordered_map<Dwfl_Module*, module_units> units_;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
