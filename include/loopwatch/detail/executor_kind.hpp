// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <concepts>
#include <typeinfo>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

enum class executor_kind {
    context,  ///< what is posted goes to any thread that runs the context, with nothing in between
    strand,   ///< one of Asio's
    other     ///< an executor of the user's own; also where it can't be known
};

/// By the mangled names of its type and, if it can hold another executor, of that one's; else null.
[[nodiscard]] LOOPWATCH_DECL executor_kind executor_kind_by_name(char const* type, char const* held);

template <typename Executor>
concept has_target_type = requires(Executor const& e) {
    { e.target_type().name() } -> std::convertible_to<char const*>;
};

/// Sees through any_io_executor.
template <typename Executor>
[[nodiscard]] LOOPWATCH_INLINED executor_kind kind_of([[maybe_unused]] Executor const& executor)
{
#if defined(__cpp_rtti)
    if constexpr (has_target_type<Executor>)
        return executor_kind_by_name(typeid(Executor).name(), executor.target_type().name());
    else
        return executor_kind_by_name(typeid(Executor).name(), nullptr);
#else
    return executor_kind::other;
#endif
}

/// Whether nothing of the user's is called where something is posted to it, by the same names.
[[nodiscard]] LOOPWATCH_DECL bool is_asios_by_name(char const* type, char const* held);

template <typename Executor>
[[nodiscard]] LOOPWATCH_INLINED bool is_asios([[maybe_unused]] Executor const& executor)
{
#if defined(__cpp_rtti)
    if constexpr (has_target_type<Executor>)
        return is_asios_by_name(typeid(Executor).name(), executor.target_type().name());
    else
        return is_asios_by_name(typeid(Executor).name(), nullptr);
#else
    return false;
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
