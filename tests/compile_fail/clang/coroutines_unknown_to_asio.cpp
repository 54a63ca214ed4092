// expect: define ASIO_HAS_CO_AWAIT and ASIO_HAS_STD_COROUTINE
// flags: -std=c++20 -Wfatal-errors
#include <loopwatch/run.hpp>

int main() {}
