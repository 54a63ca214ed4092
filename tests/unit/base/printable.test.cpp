// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/base/printable.hpp>

#include <string_view>

using namespace loopwatch::detail;

TEST_CASE("text that a terminal would obey is escaped, and what people write is not", "[printable][portable]")
{
    using namespace std::string_view_literals;
    CHECK(printable("/srv/Grüße/日本/😀 x") == "/srv/Grüße/日本/😀 x");
    CHECK(printable("a\nb\tc\x7f") == "a\\x0ab\\x09c\\x7f");
    CHECK(printable("a\\x0a") == "a\\\\x0a");
    CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");                 // a control character of eight bits
    CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");                 // longer than need be
    CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");        // half a surrogate
    CHECK(printable("\xf4\x90\x80\x80"sv).starts_with("\\xf4"));  // beyond the last
    CHECK(printable("ab\xe6\x97") == "ab\\xe6\\x97");             // cut off
    CHECK(printable("\xff") == "\\xff");
    CHECK(printable("abc", true) == "abc...");
}
