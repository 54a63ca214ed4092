// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "config.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

/// Sees to it that the library that this code is in is never unloaded: threads run in it, contexts and queues hold
/// pointers to it, and a signal handler may be in it. Nothing to do for the program itself and for what was loaded with
/// it.
///
/// Takes the loader's lock the first time, which a thread holds that is inside dlopen() or dlclose(): to be called on
/// the program's own threads, and under no lock of ours.
LOOPWATCH_DECL void keep_loaded(void const* code) noexcept;

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
