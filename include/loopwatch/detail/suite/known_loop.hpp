// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

class scope;

/// A loop that every scope watches while it lives.
struct known_loop {
    void* context;
    void (*join)(void* context, scope& to);
    unsigned joining{0};  // how many scopes are about to watch it: it must not be destroyed before
};

/// Registers a loop until forget(): open scopes watch it at once, later ones when they open. Throws: what a guard's
/// constructor throws; then it is not registered. Thread safety: any thread.
LOOPWATCH_DECL void make_known(known_loop& one);
LOOPWATCH_DECL void forget(known_loop& one);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
