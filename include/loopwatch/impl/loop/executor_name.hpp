// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

#include <cstddef>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Pure. Whether a mangled name (Itanium C++ ABI, 5.1) is that of the executor of Asio's io_context or thread_pool
/// itself, not of a wrapper around it: asio::io_context::basic_executor_type<...>, in any inline namespaces.
[[nodiscard]] constexpr bool names_context_executor(std::string_view mangled)
{
    if (!mangled.starts_with('N')) return false;
    mangled.remove_prefix(1);
    std::string_view before;
    bool in_asio = false;
    while (!mangled.empty() && mangled[0] >= '1' && mangled[0] <= '9') {
        std::size_t length = 0;
        while (!mangled.empty() && mangled[0] >= '0' && mangled[0] <= '9') {
            length = length * 10 + static_cast<std::size_t>(mangled[0] - '0');
            mangled.remove_prefix(1);
            if (length > mangled.size()) return false;
        }
        std::string_view const part = mangled.substr(0, length);
        mangled.remove_prefix(length);
        if (part == "basic_executor_type")
            return in_asio && (before == "io_context" || before == "thread_pool") && mangled.starts_with('I');
        if (before.empty() && part != "asio" && part != "boost") return false;
        if (part == "asio") in_asio = true;
        before = part;
    }
    return false;
}

/// Pure. Whether a mangled name is that of one of Asio's strands.
[[nodiscard]] constexpr bool names_strand(std::string_view mangled)
{
    for (std::string_view const strand :
         {"N4asio6strandI", "N5boost4asio6strandI", "N4asio10io_context6strandE", "N5boost4asio10io_context6strandE"})
        if (mangled.starts_with(strand)) return true;
    return false;
}

/// Pure. Whether a mangled name is that of a strand over a context's own executor, with no executor of the user's
/// inside.
[[nodiscard]] constexpr bool names_strand_of_context(std::string_view mangled)
{
    if (!names_strand(mangled)) return false;
    if (mangled.ends_with("6strandE")) return true;  // io_context::strand
    // The mangling repeats the namespace as a substitution: S_ in Asio, S0_ in Boost.
    mangled.remove_prefix(mangled.find('I') + 1);
    for (std::string_view const asio : {"NS_", "NS0_"})
        for (std::string_view const executor :
             {"10io_context19basic_executor_typeI", "11thread_pool19basic_executor_typeI"})
            if (mangled.starts_with(asio) && mangled.substr(asio.size()).starts_with(executor)) return true;
    return false;
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
