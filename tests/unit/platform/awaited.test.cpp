// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/platform/awaited.hpp>

#include <thread>

using loopwatch::detail::awaited;

TEST_CASE("whoever waits for a value is woken, however close it is set", "[portable]")
{
    int seen = 0;
    for (int i = 1; i <= 300; ++i) {
        awaited<int> value;
        std::thread setter{[&] { value.set(i); }};
        if (value.wait() == i) ++seen;
        setter.join();
        if (value.wait() != i) seen = -1;  // set before
    }
    CHECK(seen == 300);
}
