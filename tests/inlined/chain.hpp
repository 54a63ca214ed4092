// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/block_report.hpp>

// The report of one block, at the end of the same chain of calls, which was compiled in different ways.
loopwatch::block_report chain_O0();
loopwatch::block_report chain_O2();
loopwatch::block_report chain_O3();
