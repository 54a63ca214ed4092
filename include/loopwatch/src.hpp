// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

/// \file
/// The whole implementation, to be compiled once. Define LOOPWATCH_SEPARATE_COMPILATION for every source file of the
/// program, and in one of them write
///
///     #include <loopwatch/src.hpp>
///
/// Without that macro the public headers include this one, and every source file compiles what it uses.
///
/// It needs exceptions, also where the program's other files are compiled without.

#if !LOOPWATCH_HAS_EXCEPTIONS()
#error "loopwatch's implementation needs exceptions: compile the file that includes loopwatch/src.hpp with -fexceptions"
#else

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

#include "impl/loop/heartbeat.hpp"
#include "impl/loop/keep_loaded.hpp"
#include "impl/public/allow_blocking.hpp"
#include "impl/public/block_report.hpp"
#include "impl/public/capture.hpp"
#include "impl/public/loop.hpp"
#include "impl/public/no_loop_blocking.hpp"
#include "impl/public/options.hpp"
#include "impl/public/sinks.hpp"
#include "impl/public/watch_handle.hpp"
#include "impl/run_list/list_search.hpp"

// Not needed by every file: without separate compilation the headers that declare these include them.
#if LOOPWATCH_HAS_SEPARATE_COMPILATION()
#include "impl/public/black_box.hpp"
#include "impl/public/block_notice.hpp"
#include "impl/public/health.hpp"
#include "impl/public/monitor.hpp"
#include "impl/public/monitor_numbers.hpp"
#include "impl/public/monitor_sink.hpp"
#include "impl/public/pictures.hpp"
#include "impl/public/read_black_box.hpp"
#include "impl/public/run.hpp"
#include "impl/public/self_test.hpp"
#include "impl/public/suite.hpp"
#include "impl/public/systemd.hpp"
#include "impl/public/to_journald.hpp"
#include "impl/public/to_json_lines.hpp"
#include "impl/public/to_otlp.hpp"
#include "impl/public/to_rotating_file.hpp"
#include "impl/public/to_syslog.hpp"
#include "impl/public/to_text.hpp"
#endif

#endif

#include "detail/public_end.hpp"
