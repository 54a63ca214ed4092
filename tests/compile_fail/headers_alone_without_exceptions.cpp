// expect: needs exceptions[.] With -fno-exceptions link loopwatch::loopwatch
// flags: -std=c++20 -ULOOPWATCH_SEPARATE_COMPILATION -fno-exceptions -DASIO_NO_EXCEPTIONS
// one error
#include <loopwatch/loopwatch.hpp>

int main() {}
