// expect: no matching (function|constructor)
#include <loopwatch/loopwatch.hpp>

void block() { loopwatch::allow_blocking scope{"reload certificates", 200}; }
