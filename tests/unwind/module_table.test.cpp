// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/unwind/module_table_linux.hpp>

#include <cstdlib>
#include <memory>

#include <sys/auxv.h>

using namespace loopwatch::detail;

TEST_CASE("a module is found by any address in it, and the two ways agree", "[module_table]")
{
    auto const vdso = static_cast<std::uintptr_t>(::getauxval(AT_SYSINFO_EHDR));
    for (std::uintptr_t pc :
         {reinterpret_cast<std::uintptr_t>(&find_fde_by_runtime), reinterpret_cast<std::uintptr_t>(&std::qsort),
          reinterpret_cast<std::uintptr_t>(&::dl_iterate_phdr), vdso}) {
        if (pc == 0) continue;
        loaded_module a, b;
        REQUIRE(find_module_by_iteration(pc, b));
        CHECK((pc >= b.begin && pc < b.end));
        bool const found = find_module(pc, a);
        if (pc == vdso && !found) continue;  // a static executable's loader does not list it
        REQUIRE(found);
        CHECK(a.eh_frame_hdr == b.eh_frame_hdr);
        CHECK((pc >= a.begin && pc < a.end));
    }
}

TEST_CASE("what is in no module is not found", "[module_table]")
{
    auto const heap = std::make_unique<int>(0);
    int const local = 0;
    for (std::uintptr_t pc : {std::uintptr_t{0}, std::uintptr_t{4096}, ~std::uintptr_t{0},
                              reinterpret_cast<std::uintptr_t>(heap.get()), reinterpret_cast<std::uintptr_t>(&local)}) {
        loaded_module m;
        CHECK_FALSE(find_module(pc, m));
        CHECK_FALSE(find_module_by_iteration(pc, m));
    }
}

TEST_CASE("the unwinder's runtime knows our own functions", "[module_table]")
{
    CHECK(find_fde_by_runtime(reinterpret_cast<std::uintptr_t>(&find_fde_by_runtime)) != 0);
    int const local = 0;
    CHECK(find_fde_by_runtime(reinterpret_cast<std::uintptr_t>(&local)) == 0);
}
