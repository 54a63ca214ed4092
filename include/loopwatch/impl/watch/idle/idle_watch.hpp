// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../../detail/config.hpp"

// Whether a loop idles, told without its help: chosen here and nowhere else. Each offers, in namespace detail:
//   class idle_watch             see idle_watch_linux.hpp
#if LOOPWATCH_HAS_SIGNAL_CAPTURE()
#include "idle_watch_linux.hpp"
#else
#include "noop.hpp"
#endif
