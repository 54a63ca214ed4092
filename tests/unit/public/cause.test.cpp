// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/cause.hpp>
#include <loopwatch/options.hpp>

using namespace loopwatch;

TEST_CASE("a set of causes", "[cause][portable]")
{
    cause_set const some{cause::cpu, cause::disk};
    CHECK(some.contains(cause::cpu));
    CHECK(some.contains(cause::disk));
    CHECK_FALSE(some.contains(cause::unknown));
    CHECK(some.without(cause::disk) == cause_set{cause::cpu});
    CHECK(cause_set{}.empty());
    CHECK(cause_set{}.with(cause::lock) == cause_set{cause::lock});
    for (cause const each : all_causes) CHECK(cause_set::all().contains(each));
}

TEST_CASE("by default all are blamed for but what the code did not do", "[cause][portable]")
{
    CHECK(options{}.raise_on == cause_set::all().without(cause::starved).without(cause::suspended));
    static_assert(options{.raise_on = {cause::cpu}}.raise_on.contains(cause::cpu));
}
