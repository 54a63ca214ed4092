// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/platform/thread.hpp>

#if LOOPWATCH_HAS_LINUX()

#include <cstddef>
#include <string>
#include <string_view>

using loopwatch::detail::cpu_mask;

namespace {
std::string without(std::string_view list)
{
    auto mask = cpu_mask::all();
    mask.remove(list);
    std::string left;
    for (std::size_t i = 0; i < 10; ++i) left += mask.holds(i) ? static_cast<char>('0' + i) : '-';
    return left;
}
}  // namespace

TEST_CASE("the kernel's lists of CPUs")
{
    CHECK(without("") == "0123456789");
    CHECK(without("\n") == "0123456789");
    CHECK(without("3\n") == "012-456789");
    CHECK(without("0-2,5,8-9\n") == "---34-67--");
    CHECK(without("7-7") == "0123456-89");
    CHECK(without("2,2,2") == "01-3456789");
}

TEST_CASE("what is no list of CPUs takes nothing away that it does not name")
{
    CHECK(without("99999999999999999999999999") == "0123456789");
    CHECK(without("5-3") == "0123456789");
    CHECK(without("-") == "0123456789");
    CHECK(without("8191\n") == "0123456789");
}

TEST_CASE("one set without another")
{
    auto mask = cpu_mask::all();
    cpu_mask others = cpu_mask::all();
    others.remove("4");
    mask.remove(others);
    CHECK(mask.holds(4));
    CHECK_FALSE(mask.holds(3));
    CHECK_FALSE(mask.holds(8191));
}

#endif
