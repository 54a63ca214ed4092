// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"
#include "../view.hpp"
#include "system_calls_aarch64.hpp"
#include "system_calls_x86_64.hpp"

#include <cstddef>
#include <iterator>
#include <string_view>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

// Plain arrays: clang counts no more than 256 elements of a fixed.

/// From this number on, system calls have the same number everywhere: those that were added since Linux 5.1.
inline constexpr long first_common_system_call = 424;

// clang-format off
inline constexpr char const* common_system_calls[]{
    "pidfd_send_signal", "io_uring_setup", "io_uring_enter", "io_uring_register", "open_tree", "move_mount", "fsopen",
    "fsconfig", "fsmount", "fspick", "pidfd_open", "clone3", "close_range", "openat2", "pidfd_getfd", "faccessat2",
    "process_madvise", "epoll_pwait2", "mount_setattr", "quotactl_fd", "landlock_create_ruleset", "landlock_add_rule",
    "landlock_restrict_self", "memfd_secret", "process_mrelease", "futex_waitv", "set_mempolicy_home_node",
    "cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "statmount",
    "listmount", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal", "setxattrat", "getxattrat",
    "listxattrat", "removexattrat", "open_tree_attr", "file_getattr", "file_setattr"
};
// clang-format on

/// "" for a number that has none. `own`: the machine's table of the numbers that are its own.
[[nodiscard]] constexpr std::string_view name_of_system_call(long number, view<char const* const> own) noexcept
{
    if (number < 0) return {};
    auto const at = static_cast<std::size_t>(number);
    if (at < own.size()) return own[at];
    if (number < first_common_system_call) return {};
    std::size_t const in_common = at - first_common_system_call;
    return in_common < std::size(common_system_calls) ? common_system_calls[in_common] : std::string_view{};
}

/// On the machine that this is compiled for: "recvfrom". "" if there is none of this number that is known here.
[[nodiscard]] constexpr std::string_view name_of_system_call(long number) noexcept
{
#if LOOPWATCH_HAS_LINUX_X86_64()
    return name_of_system_call(number, system_calls_of_x86_64);
#elif LOOPWATCH_HAS_LINUX_AARCH64()
    return name_of_system_call(number, system_calls_of_aarch64);
#else
    static_cast<void>(number);
    return {};
#endif
}

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
