// expect: deleted function|deleted constructor
#include <loopwatch/loopwatch.hpp>

void copy(loopwatch::no_loop_blocking const& guard) { loopwatch::no_loop_blocking another = guard; }
