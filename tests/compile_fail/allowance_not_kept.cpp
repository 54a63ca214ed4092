// expect: nodiscard
// flags: -std=c++20 -Werror=unused-result -Werror=unused-value
#include <loopwatch/loopwatch.hpp>

void block() { loopwatch::allow_blocking{"reload certificates"}; }
