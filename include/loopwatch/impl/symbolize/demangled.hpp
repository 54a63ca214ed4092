// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"
#include "../base/malloced.hpp"

#include <string>

#include <cxxabi.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// The demangled name; the name itself if it is not mangled, "" for null.
inline std::string demangled(char const* name)
{
    if (name == nullptr) return {};
    int status = 0;
    malloced const text{abi::__cxa_demangle(name, nullptr, nullptr, &status)};
    return status == 0 && text.get() != nullptr ? std::string{text.get()} : std::string{name};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
