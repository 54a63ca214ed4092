// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// Which loops a thread runs, by Asio's own lists: chosen here and nowhere else. Each offers, in namespace detail:
//   uintptr_t call_here(scheduler_identity)   see run_lists_linux.hpp
//   scheduler_identity strand_here(scheduler_identity, bool), bool is_in(scheduler_identity, uintptr_t)
//   class run_lists                           see there
#if LOOPWATCH_HAS_UNWINDER()
#include "run_lists_linux.hpp"
#else
#include "noop.hpp"
#endif
