// SPDX-License-Identifier: BSL-1.0

// loaded <library>[=<original>]...: loads each, after the first look at the debug information, and compares there. The
// original has the debug information that the library may have lost to a file of its own.
#include "compare.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include <dlfcn.h>

namespace {

void has_a_name() {}

}  // namespace

int main(int argc, char** argv)
try {
    loopwatch::detail::debug_information debug{std::getenv("LOOPWATCH_TEST_DEBUG_FOLDERS")};
    debug.follow_modules(argv[0], true, false);
    if (debug.functions_at(reinterpret_cast<std::uintptr_t>(&has_a_name)).empty()) {
        std::printf("this program has no names\n");
        return 1;
    }
    bool good = argc > 1;
    for (int i = 1; i < argc; ++i) {
        std::string const argument = argv[i];
        auto const equals = argument.find('=');
        std::string const library = argument.substr(0, equals);
        std::string const original = equals == argument.npos ? library : argument.substr(equals + 1);
        if (::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
            std::printf("%s\n", ::dlerror());
            return 1;
        }
        debug.follow_modules(argv[0], true, false);
        auto const c = symbolize_test::compare(debug, library, original, 3000, 5);
        // Of clang's DWARF 5 addr2line 2.40 sometimes names the wrong file, one with fewer lines than it says.
        good = good && c.known > 2000 && c.missing == 0 && c.unnamed == 0 && c.differ * 100 <= c.known;
    }
    return good ? 0 : 1;
} catch (std::exception const& e) {
    std::printf("%s\n", e.what());
    return 1;
}
