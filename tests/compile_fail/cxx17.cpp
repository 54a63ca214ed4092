// expect: needs C\+\+20
// flags: -std=c++17
#include <loopwatch/loopwatch.hpp>
