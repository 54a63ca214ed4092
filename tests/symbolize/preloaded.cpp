// SPDX-License-Identifier: BSL-1.0

// A library to be loaded into any program by LD_PRELOAD: compares there, instead of running the program.
#include "compare.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include <unistd.h>

namespace {

[[gnu::constructor]] void compare_and_exit()
{
    char const* const shown = std::getenv("LOOPWATCH_TEST_SHOWN");
    int result = 1;
    try {
        char path[4096] = {};
        if (::readlink("/proc/self/exe", path, sizeof(path) - 1) < 0) path[0] = '\0';
        loopwatch::detail::debug_information debug;
        debug.follow_modules(path, true, false);
        auto const c = symbolize_test::compare(debug, "/proc/self/exe", path, 3000,
                                               shown != nullptr ? std::strtoul(shown, nullptr, 10) : 5);
        result = c.known > 0 && c.missing == 0 && c.unnamed == 0 && c.differ * 100 <= c.known ? 0 : 1;
    } catch (std::exception const& e) {
        std::printf("%s\n", e.what());
    }
    std::fflush(stdout);
    ::_exit(result);
}

}  // namespace
