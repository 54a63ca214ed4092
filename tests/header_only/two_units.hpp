// SPDX-License-Identifier: BSL-1.0
#pragma once

// Each blocks a loop of its own under a guard, and returns how many blocks that saw. It writes them to standard error.
int blocks_of_asio();
int blocks_of_boost_asio();
