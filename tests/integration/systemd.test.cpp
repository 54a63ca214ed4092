// SPDX-License-Identifier: BSL-1.0

// Whether systemd is told that a service is alive: by a socket that takes its place.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/running_loop.hpp"
#include "support/stall.hpp"

#include <loopwatch/systemd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace systemd_test {

using loopwatch::monitor;
using loopwatch::systemd_watchdog;

namespace {

constexpr auto threshold = 20ms;
constexpr auto timeout = 200ms;  // after which systemd would end the service

/// A socket that takes systemd's place, and the environment that says so.
class supervisor {
public:
    /// `name`: as $NOTIFY_SOCKET has it.
    explicit supervisor(std::string const& name) : name_{name}
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name[0] == '@')
            address.sun_path[0] = '\0';
        else
            std::filesystem::remove(name);
        auto const size =
            static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (name[0] == '@' ? 0 : 1));
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr const*>(&address), size) == 0);
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
        ::setenv("WATCHDOG_USEC", std::to_string(std::chrono::microseconds{timeout}.count()).c_str(), 1);
        ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    }
    supervisor(supervisor const&) = delete;
    supervisor& operator=(supervisor const&) = delete;
    ~supervisor()
    {
        for (char const* each : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(each);
        ::close(socket_);
        if (name_[0] != '@') std::filesystem::remove(name_);
    }

    /// The next datagram, or "" if there is none for so long.
    std::string hear(std::chrono::milliseconds patience) const
    {
        pollfd readable{socket_, POLLIN, 0};
        if (::poll(&readable, 1, static_cast<int>(patience.count())) != 1) return {};
        char text[100];
        auto const size = ::recv(socket_, text, sizeof text, 0);
        return {text, size > 0 ? static_cast<std::size_t>(size) : 0};
    }
    /// Forgets what was sent before.
    void drain() const
    {
        while (!hear(0ms).empty()) {
        }
    }

private:
    std::string name_;
    int socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

std::string abstract_name() { return "@loopwatch-test-" + std::to_string(::getpid()); }

/// Short: an address has room for 107 bytes.
std::string path_name()
{
    return std::filesystem::temp_directory_path() / ("loopwatch-test-" + std::to_string(::getpid()));
}

}  // namespace

TEST_CASE("systemd is told nothing where it asks for nothing")
{
    monitor m{{.threshold = threshold}, {}};
    CHECK(systemd_watchdog{m}.interval() == 0ms);
    supervisor const systemd{abstract_name()};
    SECTION("not for a watchdog") { ::unsetenv("WATCHDOG_USEC"); }
    SECTION("another process") { ::setenv("WATCHDOG_PID", "1", 1); }
    SECTION("on a socket that is none") { ::setenv("NOTIFY_SOCKET", "nowhere", 1); }
    systemd_watchdog const alive{m};
    CHECK(alive.interval() == 0ms);
    CHECK(systemd.hear(0ms).empty());
}

TEST_CASE("systemd is told that the service is alive, but not while a loop is stuck")
{
    bool const abstract = GENERATE(true, false);
    supervisor const systemd{abstract ? abstract_name() : path_name()};
    monitor m{{.threshold = threshold}, {}};
    running_loop well;
    running_loop stuck;
    auto const first = m.watch(well.ctx, "well");
    auto const second = m.watch(stuck.ctx, "stuck");
    systemd_watchdog alive{m};
    CHECK(alive.interval() == timeout / 2);
    for (int i = 0; i < 3; ++i) CHECK(systemd.hear(60s) == "WATCHDOG=1");

    std::promise<void> release;
    post(stuck.ctx, [held = release.get_future().share()] { held.wait(); });
    // Up to 250 ms may yet be excused, if the watchdog was late.
    while (m.health(timeout / 4 + 300ms)) std::this_thread::sleep_for(1ms);
    // One may have been about to be sent.
    systemd.drain();
    int sent = 0;
    for (auto const until = test_clock::now() + 5 * timeout; test_clock::now() < until;)
        if (!systemd.hear(10ms).empty()) ++sent;
    CHECK(sent <= 1);

    release.set_value();
    CHECK(systemd.hear(60s) == "WATCHDOG=1");

    systemd_watchdog moved{std::move(alive)};
    systemd.drain();
    CHECK(systemd.hear(60s) == "WATCHDOG=1");
    moved = systemd_watchdog{m};
    systemd.drain();
    CHECK(systemd.hear(60s) == "WATCHDOG=1");
}

TEST_CASE("systemd is told nothing any more when the service ends")
{
    supervisor const systemd{abstract_name()};
    {
        monitor m{{.threshold = threshold}, {}};
        systemd_watchdog const alive{m};
        CHECK(systemd.hear(60s) == "WATCHDOG=1");
    }
    systemd.drain();
    CHECK(systemd.hear(2 * timeout).empty());
}

TEST_CASE("what tells systemd may outlive the monitor")
{
    supervisor const systemd{abstract_name()};
    auto m =
        std::make_unique<monitor>(loopwatch::options{.threshold = threshold}, std::vector<loopwatch::monitor_sink>{});
    systemd_watchdog const alive{*m};
    m.reset();
    systemd.drain();
    CHECK(systemd.hear(60s) == "WATCHDOG=1");
}

}  // namespace systemd_test
