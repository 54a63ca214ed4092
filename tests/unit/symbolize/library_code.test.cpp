// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/symbolize/library_code.hpp>

using namespace loopwatch;
using detail::library_code;

namespace {

bool claims(char const* patterns, char const* function, char const* file = "", char const* module = "/home/me/app")
{
    frame f;
    f.function = function;
    f.file = file;
    f.module = module;
    library_code{patterns}.claim({&f, 1});
    return f.origin == code_origin::library;
}

}  // namespace

TEST_CASE("library code is named by its files, from any folder on", "[library_code][portable]")
{
    CHECK(claims("third_party/*", "inflate", "/home/me/src/third_party/zlib/inflate.c"));
    CHECK(claims("third_party/*", "inflate", "third_party/zlib/inflate.c"));
    CHECK(claims("third_party/*", "inflate", "../third_party/zlib/inflate.c"));
    CHECK(claims("*.c", "inflate", "/home/me/src/zlib/inflate.c"));
    CHECK(claims("libvendor.so*", "vendor_read", "", "/opt/vendor/lib/libvendor.so.3"));
    CHECK_FALSE(claims("third_party/*", "load()", "/home/me/src/not_third_party/load.cpp"));
    CHECK_FALSE(claims("app", "load()", "/home/me/src/load.cpp"));
    CHECK_FALSE(claims("", "load()", "/home/me/src/load.cpp"));
}

TEST_CASE("library code is named by its functions", "[library_code][portable]")
{
    CHECK(claims("vendor::*", "int vendor::parse<int>(std::string const&)"));
    CHECK(claims("third_party/*, vendor::*", "vendor::parse(int)"));
    CHECK(claims("vendor::parse", "vendor::parse(int)"));
    CHECK(claims("vendor::parse(int)", "vendor::parse(int)"));
    CHECK_FALSE(claims("vendor::*", "app::load(vendor::text)"));
    CHECK_FALSE(claims("vendor::*", "app::f<vendor::text>()"));
}

TEST_CASE("what is known by itself stays what it is", "[library_code][portable]")
{
    CHECK_FALSE(claims("*/*.hpp", "asio::io_context::run()", "/usr/include/asio/impl/io_context.hpp"));
    CHECK_FALSE(claims("libc.so*", "read", "", "/lib/libc.so.6"));
}

TEST_CASE("a pattern that can't be meant is none", "[library_code][portable]")
{
    for (auto const* const good : {"", "third_party/*", "vendor::*", "a/*,b::*", " a/* , b::* ", "a::b::c"}) {
        INFO(good);
        CHECK(library_code::is_valid(good));
    }
    // Empty ones, single colons, and what would leave the user no code at all.
    for (auto const* const bad :
         {",", "a,", ",a", "a,,b", " ", "a/*, ", "vendor:*", "a:b,c", "a:::b", "*", "*::*", "?*", "*.*"}) {
        INFO(bad);
        CHECK_FALSE(library_code::is_valid(bad));
    }
}
