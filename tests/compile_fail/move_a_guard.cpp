// expect: deleted function|deleted constructor
#include <loopwatch/loopwatch.hpp>

#include <utility>

void move(loopwatch::no_loop_blocking& guard) { loopwatch::no_loop_blocking another{std::move(guard)}; }
