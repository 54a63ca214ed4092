// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/readings.hpp"

#include <loopwatch/impl/evidence/socket_text.hpp>

#include <string>
#include <string_view>

using namespace loopwatch::detail;

TEST_CASE("addresses of version 4", "[socket_text][portable]")
{
    CHECK(describe_address(ip4(10, 0, 0, 5, 443)) == "10.0.0.5:443");
    CHECK(describe_address(ip4(255, 255, 255, 255, 65535)) == "255.255.255.255:65535");
}

TEST_CASE("addresses of version 6, as RFC 5952 writes them", "[socket_text][portable]")
{
    struct example {
        std::array<unsigned, 8> groups;
        std::string_view text;
    };
    for (auto const& [groups, text] : {
             example{{0, 0, 0, 0, 0, 0, 0, 1}, "[::1]:80"},
             example{{0, 0, 0, 0, 0, 0, 0, 0}, "[::]:80"},
             example{{0x2001, 0xdb8, 0, 0, 0, 0, 0, 0}, "[2001:db8::]:80"},
             example{{0x2001, 0xdb8, 0, 0, 1, 0, 0, 1}, "[2001:db8::1:0:0:1]:80"},
             example{{0x2001, 0, 0, 1, 0, 0, 0, 1}, "[2001:0:0:1::1]:80"},
             example{{0x2001, 0xdb8, 0, 1, 1, 1, 1, 1}, "[2001:db8:0:1:1:1:1:1]:80"},
             example{{1, 2, 3, 4, 5, 6, 7, 0xabcd}, "[1:2:3:4:5:6:7:abcd]:80"},
             example{{0, 0, 0, 0, 0, 0xffff, 0x7f00, 1}, "127.0.0.1:80"},
             example{{0, 0, 0, 0, 1, 0xffff, 0x7f00, 1}, "[::1:ffff:7f00:1]:80"},
         })
        CHECK(describe_address(ip6(groups, 80)) == text);
    CHECK(describe_address(ip6({0xfe80, 0, 0, 0, 0, 0, 0, 1}, 80, 3)) == "[fe80::1%3]:80");
}

TEST_CASE("addresses in the file system, beside it, and without a name", "[socket_text][portable]")
{
    using namespace std::string_view_literals;
    CHECK(describe_address(unix_path("/run/x.sock\0garbage"sv)) == "unix /run/x.sock");
    CHECK(describe_address(unix_path("/run/x.sock")) == "unix /run/x.sock");
    CHECK(describe_address(unix_path("\0abstract"sv)) == "unix @abstract");
    CHECK(describe_address(unix_path("\0a\0b"sv)) == "unix @a\\x00b");
    CHECK(describe_address(unix_path("/run/\x1b[31m")) == "unix /run/\\x1b[31m");
    CHECK(describe_address(unix_path("")) == "unix");
}

TEST_CASE("an address that is cut off or unknown is none", "[socket_text][portable]")
{
    CHECK(describe_address({}).empty());
    auto a = ip4(10, 0, 0, 5, 443);
    a.size = 7;
    CHECK(describe_address(a).empty());
    a.size = 1;
    CHECK(describe_address(a).empty());
    auto b = ip6({1, 2, 3, 4, 5, 6, 7, 8}, 80);
    b.size = 23;
    CHECK(describe_address(b).empty());
    b.size = 1000;  // a kernel that knows longer ones says how long it would have been
    CHECK(describe_address(b) == "[1:2:3:4:5:6:7:8]:80");
    auto c = ip4(10, 0, 0, 5, 443);
    c.bytes[0] = std::byte{99};
    CHECK(describe_address(c).empty());
}
