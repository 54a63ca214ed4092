// SPDX-License-Identifier: BSL-1.0
#pragma once

/// \file
/// The one source of the version: CMake reads these three lines, and a test holds them against all that name it.

/// The version's first number. While it is 0, a new minor version may change the interface.
#define LOOPWATCH_VERSION_MAJOR 0
/// The version's second number.
#define LOOPWATCH_VERSION_MINOR 2
/// The version's third number.
#define LOOPWATCH_VERSION_PATCH 0
