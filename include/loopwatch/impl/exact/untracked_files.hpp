// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <string>

#if LOOPWATCH_HAS_UNWINDER()
#include "../base/fixed.hpp"
#include "../base/formatted.hpp"
#include "../base/many.hpp"
#include "bound_library_linux.hpp"
#include "completed_operations.hpp"
#include "symbol_table_linux.hpp"

#include <atomic>
#include <cstddef>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <elf.h>
#include <link.h>
#endif

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Code of this program that is compiled without exact_tracking.hpp, beside other code that has it.
struct untracked_code {
    std::string operation;  // the type of an operation of such a file
    std::string library;    // or a library without it that the loader has bound to the Asio of a program which has it

    /// There is none, or it can't be told: the program is stripped.
    [[nodiscard]] bool empty() const { return operation.empty() && library.empty(); }
};

#if LOOPWATCH_HAS_UNWINDER()

/// What a module's own symbols tell of files that have Asio and not exact_tracking.hpp, beside others that have it: the
/// type of an operation of theirs, or "".
///
/// Says nothing if the module is stripped, wholly or of its local symbols. Each module by itself: what a library that
/// is compiled without tracking does with its own Asio is no matter of the program's.
inline std::string untracked_operation_in(symbol_table const& symbols, completed_operations& operations)
{
    bool has_local_functions = false;
    symbols.each([&](std::string_view name, unsigned char info) {
        has_local_functions |= ELF64_ST_BIND(info) == STB_LOCAL && ELF64_ST_TYPE(info) == STT_FUNC;
        if (name.starts_with("_Z")) return operations.add(name);
        // See exact_tracking.hpp. A file may track Asio without completing anything.
        if (ELF64_ST_TYPE(info) != STT_OBJECT) return;
        if (name.starts_with("loopwatch_exact_has_asio_")) operations.note_tracked(which_asio::standalone);
        if (name.starts_with("loopwatch_exact_has_boost_asio_")) operations.note_tracked(which_asio::boost);
    });
    return has_local_functions ? operations.untracked() : std::string{};
}

/// The program and all that is loaded.
inline many<std::string> files_of_modules()
{
    many<std::string> paths;
    ::dl_iterate_phdr(
        [](dl_phdr_info* module, std::size_t, void* to) -> int {
            auto& all = *static_cast<many<std::string>*>(to);
            try {
                // The program itself comes first, and has no name. Others without one have no file.
                if (all.empty())
                    all.push_back("/proc/self/exe");
                else if (module->dlpi_name != nullptr && module->dlpi_name[0] == '/')
                    all.push_back(module->dlpi_name);
            } catch (std::bad_alloc const&) {
                return 1;  // no exception through the loader's code
            }
            return 0;
        },
        &paths);
    return paths;
}

/// Looks through all modules: some milliseconds, tens for large programs. Throws: std::bad_alloc.
inline untracked_code find_untracked_code()
{
    fixed<bool, 3> program_tracks{};  // by which_asio
    bool is_program = true;           // the first one
    for (std::string const& path : files_of_modules()) {
        symbol_table const symbols{path.c_str()};
        completed_operations operations;
        if (auto found = untracked_operation_in(symbols, operations); !found.empty()) return {std::move(found), {}};
        if (!std::exchange(is_program, false)) continue;
        for (which_asio const which : {which_asio::standalone, which_asio::boost})
            program_tracks[static_cast<std::size_t>(which)] = operations.tracks(which);
    }
    return {{}, library_bound_to_programs_asio([&](which_asio which) {
                return program_tracks[static_cast<std::size_t>(which)];
            })};
}

/// Refuses a program some of whose files have Asio without exact_tracking.hpp while others have it: such files lay out
/// Asio's operations differently. That files without loopwatch can't be told of when they are linked:
/// detail/config.hpp.
///
/// To be called when the first watch begins that reads what threads write down. Looks for them once in a process, which
/// takes some milliseconds, tens for large programs; later calls answer at once, if there were none.
///
/// Throws: std::logic_error that names a handler of such a file, or such a library; std::bad_alloc.
inline void refuse_untracked_files()
{
    static std::atomic<bool> has_none{false};
    if (has_none.load(std::memory_order_relaxed)) return;
    untracked_code const found = find_untracked_code();
    if (found.empty()) return has_none.store(true, std::memory_order_relaxed);
    if (!found.library.empty())
        throw std::logic_error{formatted(
            "loopwatch: {} has an Asio of its own, compiled without exact mode's macros, and the loader has bound it "
            "to the program's, which is compiled with them. This breaks the one-definition rule. Compile the library "
            "with ASIO_CUSTOM_HANDLER_TRACKING and BOOST_ASIO_CUSTOM_HANDLER_TRACKING defined as "
            "<loopwatch/exact_tracking.hpp>, or link it so that it keeps its Asio to itself (-Wl,-Bsymbolic)",
            {found.library})};
    throw std::logic_error{formatted(
        "loopwatch: some files of this program are compiled with exact mode's macros, and others that include Asio are "
        "not, which breaks the one-definition rule. One of these has the operation {}. Compile all files with "
        "ASIO_CUSTOM_HANDLER_TRACKING and BOOST_ASIO_CUSTOM_HANDLER_TRACKING defined as "
        "<loopwatch/exact_tracking.hpp>: with CMake link loopwatch::exact to the target of each",
        {found.operation})};
}

#else

inline untracked_code find_untracked_code() { return {}; }
inline void refuse_untracked_files() {}

#endif

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
