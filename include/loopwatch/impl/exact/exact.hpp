// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../../detail/config.hpp"

// What threads write down of the handlers that they run, as the watchdog reads it. The backend is chosen here and
// nowhere else. Each offers, in namespace detail, the classes handler_reader and handler_delays: see
// handler_reader_linux.hpp and handler_delays_linux.hpp.
#if LOOPWATCH_HAS_UNWINDER()
#include "handler_delays_linux.hpp"
#include "handler_reader_linux.hpp"
#else
#include "noop.hpp"
#endif
