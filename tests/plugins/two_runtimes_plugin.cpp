// SPDX-License-Identifier: BSL-1.0
#include "plugins/captures.hpp"

extern "C" [[gnu::visibility("default")]] int captures() { return captures_here() ? 1 : 0; }
