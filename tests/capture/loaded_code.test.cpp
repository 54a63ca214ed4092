// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/symbolize/loaded_code_linux.hpp>

#include <cstdint>
#include <cstdlib>
#include <ctime>

#include <dlfcn.h>
#include <sys/auxv.h>
#include <unistd.h>

using namespace loopwatch::detail;

namespace {
std::uintptr_t in(void* function) { return reinterpret_cast<std::uintptr_t>(function) + 1; }
int here() { return 1; }
}  // namespace

TEST_CASE("an address is in the module that the loader says")
{
    for (void* const function : {reinterpret_cast<void*>(&std::qsort), reinterpret_cast<void*>(&::getpid),
                                 reinterpret_cast<void*>(&::dl_iterate_phdr)}) {
        Dl_info expected{};
        REQUIRE(::dladdr(function, &expected) != 0);
        auto const found = loaded_code_at(in(function));
        REQUIRE(found);
        CHECK(found->file == expected.dli_fname);
        CHECK(found->bias == reinterpret_cast<std::uintptr_t>(expected.dli_fbase));
    }
}

TEST_CASE("the program itself has no file name")
{
    auto const found = loaded_code_at(in(reinterpret_cast<void*>(&here)));
    REQUIRE(found);
    CHECK(found->file.empty());
}

TEST_CASE("an address that is no code is in no module")
{
    CHECK(!loaded_code_at(1));
    CHECK(exported_function_at(1).empty());
}

TEST_CASE("exported functions have their names")
{
    // By lookup, for the address of a function in the program may be of a stub of its own.
    for (char const* const name : {"qsort", "strtol", "fopen", "pthread_create"}) {
        void* const function = ::dlsym(RTLD_DEFAULT, name);
        REQUIRE(function != nullptr);
        Dl_info expected{};
        REQUIRE(::dladdr(function, &expected) != 0);
        auto const found = exported_function_at(in(function));
        // One function may have several names.
        CHECK(::dlsym(RTLD_DEFAULT, found.c_str()) == function);
    }
}

TEST_CASE("a function that nobody exports has no name")
{
    CHECK(exported_function_at(in(reinterpret_cast<void*>(&here))).empty());
}

TEST_CASE("the vdso is read as it lies, although nobody has relocated it")
{
    auto const vdso = static_cast<std::uintptr_t>(::getauxval(AT_SYSINFO_EHDR));
    if (vdso == 0) return;
    auto const found = loaded_code_at(vdso);
    REQUIRE(found);
    CHECK(found->bias == vdso);
    // Somewhere in it is clock_gettime().
    bool named = false;
    for (std::uintptr_t at = vdso; at < vdso + 0x2000 && !named; at += 4)
        named = exported_function_at(at).find("clock_gettime") != std::string::npos;
    CHECK(named);
}
