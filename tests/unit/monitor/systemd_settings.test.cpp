// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <loopwatch/impl/monitor/systemd_settings.hpp>

// Not by a directive: the files of unit tests are compiled several at a time.
namespace systemd_settings_test {

using namespace std::chrono_literals;
using loopwatch::detail::watchdog_timeout;

TEST_CASE("systemd asks for nothing unless it says how often", "[systemd]")
{
    CHECK_FALSE(watchdog_timeout("", "", 42));
    CHECK_FALSE(watchdog_timeout("0", "", 42));
    CHECK_FALSE(watchdog_timeout("-5", "", 42));
    CHECK_FALSE(watchdog_timeout("20s", "", 42));
    CHECK_FALSE(watchdog_timeout(" 20", "", 42));
    CHECK_FALSE(watchdog_timeout("18446744073709551615", "", 42));  // infinity
    CHECK_FALSE(watchdog_timeout("99999999999999999999999", "", 42));
    CHECK(watchdog_timeout("20000000", "", 42) == 20s);
}

TEST_CASE("systemd may mean another process", "[systemd]")
{
    CHECK(watchdog_timeout("20000000", "42", 42) == 20s);
    CHECK_FALSE(watchdog_timeout("20000000", "43", 42));
    CHECK_FALSE(watchdog_timeout("20000000", "4 2", 42));
}

#if defined(__linux__)
std::string name_in(loopwatch::detail::socket_name const& name)
{
    return {name.address.sun_path, name.size - offsetof(sockaddr_un, sun_path)};
}

TEST_CASE("systemd's socket is a path, or has an abstract name", "[systemd]")
{
    using loopwatch::detail::notify_address;
    auto const path = notify_address("/run/systemd/notify");
    REQUIRE(path);
    CHECK(path->address.sun_family == AF_UNIX);
    CHECK(name_in(*path) == std::string("/run/systemd/notify\0", 20));
    auto const abstract = notify_address("@/org/systemd");
    REQUIRE(abstract);
    CHECK(name_in(*abstract) == std::string("\0/org/systemd", 13));
    CHECK_FALSE(notify_address(""));
    CHECK_FALSE(notify_address("@"));
    CHECK_FALSE(notify_address("relative"));
    CHECK_FALSE(notify_address("vsock:2:1234"));
    CHECK(notify_address("/" + std::string(106, 'a')));
    CHECK_FALSE(notify_address("/" + std::string(107, 'a')));
    CHECK(notify_address("@" + std::string(107, 'a')));
    CHECK_FALSE(notify_address("@" + std::string(108, 'a')));
}
#endif

}  // namespace systemd_settings_test
