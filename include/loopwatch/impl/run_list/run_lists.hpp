// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// Which loops a thread runs, according to Asio's own lists. The backend is chosen here and nowhere else. Each offers,
// in namespace detail, what run_lists_linux.hpp describes:
//   uintptr_t call_here(scheduler_identity)
//   scheduler_identity strand_here(scheduler_identity, bool), bool is_in(scheduler_identity, uintptr_t)
//   maybe<ptrdiff_t> list_with(scheduler_identity)
//   class run_lists
#if LOOPWATCH_HAS_UNWINDER()
#include "run_lists_linux.hpp"
#else
#include "noop.hpp"
#endif
