// expect: needs C\+\+20
// flags: -std=c++17 -Wfatal-errors
#include <loopwatch/loopwatch.hpp>
