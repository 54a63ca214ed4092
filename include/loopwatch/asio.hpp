// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "detail/public_begin.hpp"

/// \file
/// Standalone Asio, and all of loopwatch except what needs a test framework.

#include <asio.hpp>

#include "blocks_during.hpp"
#include "coroutines.hpp"
#include "current_watch.hpp"
#include "loopwatch.hpp"
#include "run.hpp"
#include "schedulers.hpp"
#include "watched_io_context.hpp"

#include "detail/public_end.hpp"
