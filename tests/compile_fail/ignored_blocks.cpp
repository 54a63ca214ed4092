// expect: nodiscard
// flags: -std=c++20 -Werror=unused-result
#include <loopwatch/loopwatch.hpp>

void ask(loopwatch::no_loop_blocking const& guard) { guard.blocks(); }
