// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Prevents the shared library that contains `code` from being unloaded: threads run in it, contexts and queues point
/// to it, and a signal handler may be in it. Does nothing for the program and for what was loaded at its start.
///
/// The first call for a library takes the loader's lock, which is held throughout dlopen() and dlclose(). So it must be
/// called on the program's own threads, and under no lock of this library.
LOOPWATCH_DECL void keep_loaded(void const* code) noexcept;

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
