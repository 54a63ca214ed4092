// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../config.hpp"

namespace loopwatch {
inline namespace LOOPWATCH_ABI {
namespace detail {

class scope;

/// A loop that any scope may watch, as long as it lives.
struct known_loop {
    void* context;
    void (*join)(void* context, scope& to);
    unsigned joining{0};  // scopes that are about to watch it: until then it must not go
};

/// From here on every scope watches it, those that are open already at once. Throws: what a guard's constructor throws,
/// and then it is not known.
LOOPWATCH_DECL void make_known(known_loop& one);
LOOPWATCH_DECL void forget(known_loop& one);

}  // namespace detail
}  // namespace LOOPWATCH_ABI
}  // namespace loopwatch
