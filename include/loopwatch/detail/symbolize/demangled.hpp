// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

#include <cstdlib>
#include <memory>
#include <string>

#include <cxxabi.h>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

inline std::string demangled(char const* name)
{
    if (name == nullptr) return {};
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> const text{abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                           &std::free};
    return status == 0 && text ? std::string{text.get()} : std::string{name};
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
