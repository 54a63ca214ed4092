// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

/// \file
/// The core of loopwatch: a guard that finds what blocks an Asio event loop. No test framework, nothing optional.
///
/// Uses the Asio that was included above it, standalone or Boost's; else the installed one: standalone Asio if both
/// are, unless LOOPWATCH_BOOST_ASIO is defined. To choose, include loopwatch/asio.hpp or loopwatch/boost_asio.hpp.

/// \namespace loopwatch
/// Everything that a program may use. What is in loopwatch::detail may change with any version.

#include "allow_blocking.hpp"
#include "block_report.hpp"
#include "capture.hpp"
#include "cause.hpp"
#include "coroutines.hpp"
#include "no_loop_blocking.hpp"
#include "options.hpp"
#include "schedulers.hpp"
#include "sinks.hpp"
#include "version.hpp"

#include "detail/public_end.hpp"
