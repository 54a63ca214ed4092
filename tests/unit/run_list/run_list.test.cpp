// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/run_list/run_list.hpp>

#include <array>
#include <cstdint>
#include <map>

using namespace loopwatch::detail;

namespace {

using words = fixed<std::uintptr_t, 3>;

// An element is what it stands for, any value, and the next.
run_list list_of(std::map<std::uintptr_t, words> const& memory, std::uintptr_t first)
{
    return follow_run_list(first, [&](std::uintptr_t at, words& to) {
        auto const found = memory.find(at);
        if (found != memory.end()) to = found->second;
        return found != memory.end();
    });
}

}  // namespace

TEST_CASE("the list of a thread's loops is followed to its end", "[run_list]")
{
    auto const none = list_of({}, 0);
    CHECK(none.whole);
    CHECK(none.size == 0);

    auto const two = list_of({{16, {7, 1, 64}}, {64, {8, 1, 0}}}, 16);
    CHECK(two.whole);
    CHECK(two.size == 2);
    REQUIRE(two.find(8) != nullptr);
    CHECK(two.find(8)->at == 64);
    CHECK(two.find(9) == nullptr);
}

TEST_CASE("a list that can't be read, or has no end, is not whole", "[run_list]")
{
    auto const broken = list_of({{16, {7, 1, 64}}}, 16);
    CHECK_FALSE(broken.whole);
    CHECK(broken.find(7) != nullptr);

    auto const circle = list_of({{16, {7, 1, 16}}}, 16);
    CHECK_FALSE(circle.whole);
}
