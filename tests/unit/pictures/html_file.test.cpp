// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/pictures/html_file.hpp>

using loopwatch::detail::name_for_process;

TEST_CASE("the name of a page has the process's number where it says so", "[page][portable]")
{
    CHECK(name_for_process("/ci/page.html", 42, false) == "/ci/page.html");
    CHECK(name_for_process("/ci/%p/page-%p.html", 42, false) == "/ci/42/page-42.html");
    CHECK(name_for_process("%p", 42, false) == "42");
    CHECK(name_for_process("100%", 42, false) == "100%");
}

TEST_CASE("the page of a fork's child is not its parent's", "[page][portable]")
{
    CHECK(name_for_process("/ci/page.html", 42, true) == "/ci/page.42.html");
    CHECK(name_for_process("/ci/page-%p.html", 42, true) == "/ci/page-42.html");
    CHECK(name_for_process("/ci.d/page", 42, true) == "/ci.d/page.42");
    CHECK(name_for_process("/ci/.page", 42, true) == "/ci/.page.42");
    CHECK(name_for_process("page", 42, true) == "page.42");
    CHECK(name_for_process(".page", 42, true) == ".page.42");
}
