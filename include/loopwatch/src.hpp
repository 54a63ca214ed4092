// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

// The whole implementation, to be compiled once. Define LOOPWATCH_SEPARATE_COMPILATION for every source file of the
// program, and let one of them say
//
//     #include <loopwatch/src.hpp>
//
// Without that macro the public headers include it, and every source file compiles what it uses.

#include "allow_blocking.hpp"
#include "block_report.hpp"
#include "blocks_during.hpp"
#include "capture.hpp"
#include "detail/coroutine/awaitable_layout.hpp"
#include "detail/suite/outcome.hpp"
#include "detail/suite/statement.hpp"
#include "no_loop_blocking.hpp"
#include "options.hpp"
#include "sinks.hpp"

#include "impl/allow_blocking.hpp"
#include "impl/block_report.hpp"
#include "impl/capture.hpp"
#include "impl/heartbeat.hpp"
#include "impl/keep_loaded.hpp"
#include "impl/list_search.hpp"
#include "impl/loop.hpp"
#include "impl/no_loop_blocking.hpp"
#include "impl/options.hpp"
#include "impl/sinks.hpp"
#include "impl/watch_handle.hpp"

// What not every file asks for follows, without separate compilation, the headers that declare it.
#if LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/run.hpp"
#include "impl/self_test.hpp"
#include "impl/suite.hpp"
#endif

#include "detail/public_end.hpp"
