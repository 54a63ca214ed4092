// SPDX-License-Identifier: BSL-1.0
#pragma once

// The core of loopwatch: a guard that finds what blocks an Asio event loop. No test framework, nothing optional.

#include "allow_blocking.hpp"
#include "block_report.hpp"
#include "capture.hpp"
#include "coroutines.hpp"
#include "format.hpp"
#include "no_loop_blocking.hpp"
#include "options.hpp"
#include "self_test.hpp"
#include "sinks.hpp"
#include "version.hpp"
