// expect: missing binary operator before token|function-like macro 'LOOPWATCH_HAS_LINUKS' is not defined
#include <loopwatch/detail/config.hpp>

#if LOOPWATCH_HAS_LINUKS()
#endif
