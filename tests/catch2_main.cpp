// SPDX-License-Identifier: BSL-1.0
// Catch2 2's main function; Catch2 3 brings its own in a library.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
