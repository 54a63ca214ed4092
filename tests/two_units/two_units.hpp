// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <loopwatch/block_report.hpp>

#include <vector>

// Each blocks a loop of its own under a guard, and returns what the guard saw.
std::vector<loopwatch::block_report> blocks_of_asio();
std::vector<loopwatch::block_report> blocks_of_boost_asio();
