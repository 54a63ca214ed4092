// SPDX-License-Identifier: BSL-1.0
#pragma once

// The one source of the version: CMake reads these three lines, and a test holds them against CHANGELOG.md.
#define LOOPWATCH_VERSION_MAJOR 0
#define LOOPWATCH_VERSION_MINOR 2
#define LOOPWATCH_VERSION_PATCH 0
