// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Whether stacks can be captured in this process.
struct capture_ability {
    bool works{false};    ///< whether blocks will be reported with a stack
    std::string why_not;  ///< "" if it works

    /// The same as `works`.
    explicit operator bool() const noexcept { return works; }
};

/// Returns whether blocks will be reported with a stack, and if not, why. Starts the library's threads and installs its
/// signal handler, as the first guard does.
///
/// Throws: std::system_error if no thread can be started; std::bad_alloc. Thread safety: any thread. Cost to the loop:
/// none, unless called on it: a system call, and the first time the start of two threads.
[[nodiscard]] LOOPWATCH_DECL capture_ability can_capture();

/// Uses another signal than SIGURG for captures. Call it before the first guard, at the start of main.
///
/// Throws: std::invalid_argument if the signal can't be caught, or the program handles it already; std::logic_error if
/// another signal is in use already. Thread safety: any thread. Cost to the loop: none; a system call for the caller.
LOOPWATCH_DECL void use_capture_signal(int signal);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
