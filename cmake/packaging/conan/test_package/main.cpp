// SPDX-License-Identifier: BSL-1.0
// Prints what works here, and fails if something does not. Needs no Asio.
#include <loopwatch/self_test.hpp>

#include <cstdio>

int main()
{
    auto const result = loopwatch::self_test();
    std::fputs(to_string(result).c_str(), stdout);
    for (auto const& check : result.checks) {
        // gcc 12's libbacktrace does not know all lines of a program that is not optimized.
        if (!check.works && check.what != "files and lines are known") return 1;
    }
    return 0;
}
