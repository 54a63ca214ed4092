// expect: with BOOST_ASIO_DISABLE_THREADS
// flags: -std=c++20 -DBOOST_ASIO_DISABLE_THREADS -Wfatal-errors
#include <loopwatch/loopwatch.hpp>
