// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// What threads write down of the handlers that they run, as the watchdog reads it. The backend is chosen here and
// nowhere else. Each offers, in namespace detail, class handler_reader: see handler_reader_linux.hpp.
#if LOOPWATCH_HAS_UNWINDER()
#include "handler_reader_linux.hpp"
#else
#include "noop.hpp"
#endif
