// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstdint>
#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Where a module (the program, a shared library, the vdso) lay in a process, which may have ended.
struct module_place {
    std::string file;
    std::uintptr_t begin{0};
    std::uintptr_t end{0};
    std::uintptr_t bias{0};  // to be subtracted to get an address in the file
    std::string build_id;    // its bytes; "": it has none
    bool is_program{false};
};

/// How often modules were loaded and unloaded.
struct module_changes {
    unsigned long long loads{0};
    unsigned long long unloads{0};
    friend bool operator==(module_changes const&, module_changes const&) = default;
};

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
