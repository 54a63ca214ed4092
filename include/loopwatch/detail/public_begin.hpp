// SPDX-License-Identifier: BSL-1.0
//
// Included at the beginning of every public header, as public_end.hpp is at the end. Counts how deep public headers
// include each other, so it has no include guard.
#include "config.hpp"

#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#if !defined(LOOPWATCH_INSIDE_1)
#define LOOPWATCH_INSIDE_1
#elif !defined(LOOPWATCH_INSIDE_2)
#define LOOPWATCH_INSIDE_2
#elif !defined(LOOPWATCH_INSIDE_3)
#define LOOPWATCH_INSIDE_3
#elif !defined(LOOPWATCH_INSIDE_4)
#define LOOPWATCH_INSIDE_4
#elif !defined(LOOPWATCH_INSIDE_5)
#define LOOPWATCH_INSIDE_5
#elif !defined(LOOPWATCH_INSIDE_6)
#define LOOPWATCH_INSIDE_6
#else
#error "loopwatch's public headers include each other deeper than public_begin.hpp counts"
#endif
#endif
