// expect: compile the file that includes loopwatch/src.hpp with -fexceptions
// flags: -std=c++20 -fno-exceptions
// one error
#include <loopwatch/src.hpp>

int main() {}
