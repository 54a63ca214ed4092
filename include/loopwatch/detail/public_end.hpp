// SPDX-License-Identifier: BSL-1.0
//
// Included at the end of every public header. Without separate compilation the outermost public header includes the
// implementation here, when everything that it needs is declared. No include guard: see public_begin.hpp.
#if !LOOPWATCH_HAS_SEPARATE_COMPILATION()
#if defined(LOOPWATCH_INSIDE_6)
#undef LOOPWATCH_INSIDE_6
#elif defined(LOOPWATCH_INSIDE_5)
#undef LOOPWATCH_INSIDE_5
#elif defined(LOOPWATCH_INSIDE_4)
#undef LOOPWATCH_INSIDE_4
#elif defined(LOOPWATCH_INSIDE_3)
#undef LOOPWATCH_INSIDE_3
#elif defined(LOOPWATCH_INSIDE_2)
#undef LOOPWATCH_INSIDE_2
#else
#undef LOOPWATCH_INSIDE_1
#include "../src.hpp"
#endif
#endif
