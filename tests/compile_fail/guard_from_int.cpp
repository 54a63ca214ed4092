// expect: neither an execution context nor an executor
// one error
#include <loopwatch/loopwatch.hpp>

int main()
{
    int loop = 1;
    loopwatch::no_loop_blocking guard{loop};
}
