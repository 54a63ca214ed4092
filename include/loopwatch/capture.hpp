// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

#include "detail/config.hpp"

#include <string>

namespace loopwatch {
inline namespace LOOPWATCH_ABI {

/// Whether stacks can be had here.
struct capture_ability {
    bool works{false};
    std::string why_not;  ///< "" if it works
    explicit operator bool() const noexcept { return works; }
};

/// Tells whether blocks will be reported with a stack, and if not, why. Starts the library's threads and installs its
/// signal handler, as the first guard would.
///
/// Throws: std::system_error if no thread can be started. Thread safety: any thread. Cost: a system call.
[[nodiscard]] LOOPWATCH_DECL capture_ability can_capture();

/// Captures by another signal than SIGURG. Call it before the first guard, at the start of main.
///
/// Throws: std::invalid_argument if the signal can't be caught, or is handled by the program already; std::logic_error
/// if another is in use. Thread safety: any thread. Cost: a system call.
LOOPWATCH_DECL void use_capture_signal(int signal);

}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch

#include "detail/public_end.hpp"
