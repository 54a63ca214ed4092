// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

#include <concepts>
#include <typeinfo>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

enum class executor_kind {
    context,  ///< a context's own: what is posted is run by any thread that runs the context
    strand,   ///< one of Asio's strands
    other     ///< an executor of the user's own, or unknown
};

/// The kind of an executor. `type`: the mangled name of its type. `held`: that of the executor inside, if it can hold
/// one as any_io_executor does; else null.
[[nodiscard]] LOOPWATCH_DECL executor_kind executor_kind_by_name(char const* type, char const* held);

template <typename Executor>
concept has_target_type = requires(Executor const& e) {
    { e.target_type().name() } -> std::convertible_to<char const*>;
};

/// The kind of an executor, of the one inside for any_io_executor. Without RTTI: other.
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

/// Whether posting to an executor calls no code of the user's. Arguments as for executor_kind_by_name().
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
