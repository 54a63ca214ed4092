// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

#include <concepts>
#include <cstddef>
#include <string_view>
#include <typeinfo>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Pure. Whether a mangled name (Itanium C++ ABI, 5.1) is that of the executor of Asio's io_context or thread_pool, and
/// not of one that wraps it: asio::io_context::basic_executor_type<...>, in whatever inline namespaces.
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

/// Pure. Whether it is the name of one of Asio's strands.
[[nodiscard]] constexpr bool names_strand(std::string_view mangled)
{
    for (std::string_view const strand :
         {"N4asio6strandI", "N5boost4asio6strandI", "N4asio10io_context6strandE", "N5boost4asio10io_context6strandE"})
        if (mangled.starts_with(strand)) return true;
    return false;
}

template <typename Executor>
concept has_target_type = requires(Executor const& e) {
    { e.target_type().name() } -> std::convertible_to<char const*>;
};

/// Whether what is posted goes to any thread that runs the context, with nothing in between: no strand, and no executor
/// of the user's own, also not within any_io_executor. False where it can't be known.
template <typename Executor>
[[nodiscard]] bool is_context_executor([[maybe_unused]] Executor const& executor)
{
#if defined(__cpp_rtti)
    std::string_view const own = typeid(Executor).name();
    if constexpr (has_target_type<Executor>)
        return (own.starts_with("N4asio") || own.starts_with("N5boost4asio")) &&
               names_context_executor(executor.target_type().name());
    else
        return names_context_executor(own);
#else
    return false;
#endif
}

/// Whether it is a strand, also within any_io_executor. False where it can't be known.
template <typename Executor>
[[nodiscard]] bool is_strand_executor([[maybe_unused]] Executor const& executor)
{
#if defined(__cpp_rtti)
    std::string_view const own = typeid(Executor).name();
    if constexpr (has_target_type<Executor>)
        return (own.starts_with("N4asio") || own.starts_with("N5boost4asio")) &&
               names_strand(executor.target_type().name());
    else
        return names_strand(own);
#else
    return false;
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
