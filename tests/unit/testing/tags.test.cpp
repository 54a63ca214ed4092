// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <chrono>

#include <loopwatch/detail/suite/tags.hpp>

using loopwatch::detail::read_tags;
using namespace std::chrono_literals;

TEST_CASE("tags that are not ours ask for nothing", "[portable]")
{
    for (auto const* const tags : {"", "[net]", "[.][slow]", "[loop_blocking]", "[no_loop]", "[!mayfail][a:50ms]"}) {
        auto const wanted = read_tags(tags);
        CAPTURE(tags);
        CHECK_FALSE(wanted.watch);
        CHECK(wanted.error.empty());
    }
}

TEST_CASE("a tag asks for a watch, and may bring a threshold", "[portable]")
{
    CHECK(read_tags("[net][no_loop_blocking][slow]").watch);
    CHECK_FALSE(read_tags("[net][no_loop_blocking]").threshold);

    auto const wanted = read_tags("[no_loop_blocking:50ms][net]");
    CHECK(wanted.watch);
    CHECK(wanted.threshold == 50ms);
    CHECK(wanted.error.empty());

    CHECK(read_tags("[no_loop_blocking][no_loop_blocking:1.5s]").threshold == 1500ms);
}

TEST_CASE("a tag that is nearly ours is an error that names it", "[portable]")
{
    for (auto const* const tag :
         {"[no_loop_blocking:]", "[no_loop_blocking:50]", "[no_loop_blocking:fast]", "[no_loop_blocking:0ms]",
          "[no_loop_blocking:-5ms]", "[no_loop_blocking=50ms]", "[no_loop_blockings]"}) {
        auto const wanted = read_tags(std::string{"[a]"} + tag + "[b]");
        CAPTURE(tag);
        CHECK(wanted.watch);
        CHECK_THAT(wanted.error, contains(tag));
    }
    CHECK_THAT(read_tags("[no_loop_blocking:5ms][no_loop_blocking:6ms]").error, contains("second threshold"));
}
