// expect: with ASIO_DISABLE_THREADS
// flags: -std=c++20 -DASIO_DISABLE_THREADS -Wfatal-errors
#include <loopwatch/loopwatch.hpp>
