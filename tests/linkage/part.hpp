// SPDX-License-Identifier: BSL-1.0
#pragma once

// Each blocks a loop of its own under a guard, and returns how many blocks that saw with the right culprit.
#define LINKAGE_EXPORTED [[gnu::visibility("default")]]
LINKAGE_EXPORTED int blocks_of_shared_asio();
LINKAGE_EXPORTED int blocks_of_shared_boost();
LINKAGE_EXPORTED int blocks_of_static_asio();
