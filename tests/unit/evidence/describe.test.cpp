// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/readings.hpp"

#include <loopwatch/impl/evidence/describe.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

constexpr int stream = 1;
constexpr int datagram = 2;

struct given {
    fixed<std::uint64_t, 6> arguments{};
    std::initializer_list<descriptor_reading> descriptors{};
    std::size_t descriptor_count{0};  // 0: as many as there are
    std::string_view path{};
    socket_address address{};
    std::optional<nanoseconds> timeout{};
    bool date{false};
};

std::string text(std::string_view name, given const& g = {})
{
    call_reading call;
    call.arguments = g.arguments;
    for (auto const& each : g.descriptors) call.descriptors[call.descriptor_count++] = each;
    if (g.descriptor_count > 0) call.descriptor_count = g.descriptor_count;
    call.path = g.path;
    call.address = g.address;
    call.has_timeout = g.timeout.has_value();
    call.timeout = g.timeout.value_or(0ns);
    call.timeout_is_absolute = g.date;
    for (syscall_entry const& each : syscall_table)
        if (each.name == name) return describe(each, call);
    FAIL("no system call " << name);
    return {};
}

constexpr std::uint64_t minus_one = 0xffff'ffff;  // an int of -1, as some compilers pass it

}  // namespace

TEST_CASE("what a descriptor stands for", "[describe][portable]")
{
    auto const here = ip4(127, 0, 0, 1, 51234);
    auto const there = ip4(127, 0, 0, 1, 9000);
    CHECK(text("recvfrom", {.descriptors = {open_socket(9, stream, here, there)}}) ==
          "recvfrom(fd 9: tcp 127.0.0.1:51234 -> 127.0.0.1:9000)");
    CHECK(text("recvfrom", {.descriptors = {open_socket(9, datagram, here)}}) == "recvfrom(fd 9: udp 127.0.0.1:51234)");
    CHECK(text("recvfrom", {.descriptors = {open_socket(9, 3, here)}}) == "recvfrom(fd 9: ip 127.0.0.1:51234)");
    CHECK(text("accept4", {.descriptors = {open_socket(3, stream, ip6({}, 80))}}) == "accept4(fd 3: tcp [::]:80)");
    CHECK(text("read", {.descriptors = {open_socket(3, stream, unix_path(""), unix_path("/run/x.sock"))}}) ==
          "read(fd 3: unix /run/x.sock)");
    CHECK(text("read", {.descriptors = {open_socket(3, stream, unix_path("/run/x.sock"), unix_path(""))}}) ==
          "read(fd 3: unix /run/x.sock)");
    CHECK(text("read", {.descriptors = {open_socket(3, stream, unix_path(""), unix_path(""))}}) == "read(fd 3: unix)");
    CHECK(text("read", {.descriptors = {open_socket(3, stream)}}) == "read(fd 3: socket)");

    CHECK(text("read", {.descriptors = {open_file(4, "/var/data/big.bin")}}) == "read(fd 4: /var/data/big.bin)");
    CHECK(text("read", {.descriptors = {open_file(4, "/var/a\nb")}}) == "read(fd 4: /var/a\\x0ab)");
    CHECK(text("read", {.descriptors = {open_file(4, "/tmp/x (deleted)")}}) == "read(fd 4: /tmp/x (deleted))");
    CHECK(text("read", {.descriptors = {open_file(5, "pipe:[123]")}}) == "read(fd 5: pipe)");
    CHECK(text("read", {.descriptors = {open_file(5, "anon_inode:[eventfd]")}}) == "read(fd 5: eventfd)");
    CHECK(text("read", {.descriptors = {open_file(5, "anon_inode:inotify")}}) == "read(fd 5: inotify)");
    CHECK(text("read", {.descriptors = {open_file(5, "")}}) == "read(fd 5)");
    CHECK(text("read", {.descriptors = {open_file(5, "/" + std::string(200, 'a'))}}) ==
          "read(fd 5: /" + std::string(127, 'a') + "...)");
    CHECK(text("sendfile", {.descriptors = {open_file(5, "pipe:[1]"), open_file(6, "/big")}}) ==
          "sendfile(fd 5: pipe, fd 6: /big)");
    CHECK(text("flock", {.descriptors = {open_file(3, "/tmp/lock")}}) == "flock(fd 3: /tmp/lock)");
    CHECK(text("fcntl", {.arguments = {3, 7}, .descriptors = {open_file(3, "/tmp/lock")}}) ==
          "fcntl(fd 3: /tmp/lock, F_SETLKW)");
    CHECK(text("fcntl", {.arguments = {3, 3}, .descriptors = {open_file(3, "/tmp/lock")}}) == "fcntl(fd 3: /tmp/lock)");
}

TEST_CASE("where it connects and sends to", "[describe][portable]")
{
    auto const to = ip4(10, 0, 0, 5, 443);
    CHECK(text("connect", {.descriptors = {open_socket(7, stream, ip4(10, 0, 0, 1, 40000))}, .address = to}) ==
          "connect(fd 7: 10.0.0.5:443)");
    CHECK(text("connect", {.descriptors = {open_socket(7, stream)}, .address = unix_path("/run/x.sock")}) ==
          "connect(fd 7: unix /run/x.sock)");
    CHECK(text("connect", {.descriptors = {open_socket(7, stream, ip4(10, 0, 0, 1, 40000))}}) ==
          "connect(fd 7: tcp 10.0.0.1:40000)");
    CHECK(text("sendto", {.descriptors = {open_socket(7, datagram, ip4(0, 0, 0, 0, 9))}, .address = to}) ==
          "sendto(fd 7: udp 0.0.0.0:9 -> 10.0.0.5:443)");
}

TEST_CASE("how long it sleeps", "[describe][portable]")
{
    CHECK(text("nanosleep", {.timeout = 2s}) == "nanosleep(2 s)");
    CHECK(text("clock_nanosleep", {.timeout = 100ms}) == "clock_nanosleep(100 ms)");
    CHECK(text("clock_nanosleep", {.timeout = 1500ms}) == "clock_nanosleep(1.50 s)");
    CHECK(text("clock_nanosleep", {.timeout = 1234567ns}) == "clock_nanosleep(1.2 ms)");
    CHECK(text("clock_nanosleep", {.timeout = 0ns}) == "clock_nanosleep(0 ms)");
    CHECK(text("clock_nanosleep", {.timeout = nanoseconds::max()}) == "clock_nanosleep(for ever)");
    CHECK(text("clock_nanosleep", {.timeout = 1700000000s, .date = true}) == "clock_nanosleep(until a point in time)");
    CHECK(text("clock_nanosleep") == "clock_nanosleep()");  // it could not be read
}

TEST_CASE("what it polls, and for how long", "[describe][portable]")
{
    auto const socket = open_socket(3, stream, ip4(127, 0, 0, 1, 5), ip4(127, 0, 0, 1, 6));
    auto const pipe = open_file(4, "pipe:[1]");
    CHECK(text("poll", {.descriptors = {socket}, .timeout = 5s}) == "poll(fd 3: tcp 127.0.0.1:5 -> 127.0.0.1:6, 5 s)");
    CHECK(text("poll", {.arguments = {1, 7, minus_one}, .descriptors = {socket, pipe, pipe}, .descriptor_count = 7}) ==
          "poll(fd 3: tcp 127.0.0.1:5 -> 127.0.0.1:6, fd 4: pipe, fd 4: pipe, and 4 more, no timeout)");
    CHECK(text("poll", {.timeout = 100ms}) == "poll(100 ms)");
    CHECK(text("ppoll", {.descriptors = {pipe}}) == "ppoll(fd 4: pipe, no timeout)");
    CHECK(text("ppoll", {.arguments = {1, 1, 0x1000}, .descriptors = {pipe}}) == "ppoll(fd 4: pipe)");
    CHECK(text("select", {.descriptors = {pipe}, .timeout = 100ms}) == "select(fd 4: pipe, 100 ms)");
    CHECK(text("pselect6") == "pselect6(no timeout)");
    auto const epoll = open_file(5, "anon_inode:[eventpoll]");
    CHECK(text("epoll_wait", {.descriptors = {epoll}, .timeout = 100ms}) == "epoll_wait(fd 5, 100 ms)");
    CHECK(text("epoll_pwait", {.arguments = {5, 1, 1, minus_one}, .descriptors = {epoll}}) ==
          "epoll_pwait(fd 5, no timeout)");
    CHECK(text("epoll_pwait2", {.descriptors = {epoll}}) == "epoll_pwait2(fd 5, no timeout)");
    CHECK(text("io_uring_enter", {.descriptors = {open_file(5, "anon_inode:[io_uring]")}}) == "io_uring_enter(fd 5)");
}

TEST_CASE("locks", "[describe][portable]")
{
    CHECK(text("futex", {.arguments = {0x55aa, 128, 2}}) == "futex(0x55aa, wait)");
    CHECK(text("futex", {.arguments = {0x55aa, 128, 2}, .timeout = 5s}) == "futex(0x55aa, wait, 5 s)");
    CHECK(text("futex", {.arguments = {0x55aa, 9 | 128 | 256, 2}, .timeout = 5s, .date = true}) ==
          "futex(0x55aa, wait, until a point in time)");
    CHECK(text("futex", {.arguments = {0x55aa, 6 | 128}}) == "futex(0x55aa, lock)");
    CHECK(text("futex", {.arguments = {0x55aa, 1}}) == "futex(0x55aa)");
    CHECK(text("futex_wait", {.arguments = {0x55aa, 1}}) == "futex_wait(0x55aa, wait)");
    CHECK(text("futex_waitv", {.arguments = {0x55aa, 3}}) == "futex_waitv(any of 3)");
}

TEST_CASE("children", "[describe][portable]")
{
    CHECK(text("wait4", {.arguments = {4711}}) == "wait4(pid 4711)");
    CHECK(text("wait4", {.arguments = {minus_one}}) == "wait4(any child)");
    CHECK(text("wait4", {.arguments = {~std::uint64_t{0}}}) == "wait4(any child)");
    CHECK(text("wait4", {.arguments = {0}}) == "wait4(any child of this process group)");
    CHECK(text("wait4", {.arguments = {static_cast<std::uint64_t>(-12)}}) == "wait4(any child of process group 12)");
    CHECK(text("waitid", {.arguments = {0, 0}}) == "waitid(any child)");
    CHECK(text("waitid", {.arguments = {1, 4711}}) == "waitid(pid 4711)");
    CHECK(text("waitid", {.arguments = {2, 12}}) == "waitid(any child of process group 12)");
    CHECK(text("waitid", {.arguments = {3, 8}}) == "waitid(pidfd 8)");
    CHECK(text("waitid", {.arguments = {99, 8}}) == "waitid()");
}

TEST_CASE("paths and amounts", "[describe][portable]")
{
    CHECK(text("openat", {.path = "/etc/hosts"}) == "openat(/etc/hosts)");
    CHECK(text("newfstatat", {.descriptors = {open_file(4, "/x")}}) == "newfstatat(fd 4: /x)");
    CHECK(text("unlink", {.path = "/tmp/\x1b]0;x\x07"}) == "unlink(/tmp/\\x1b]0;x\\x07)");
    CHECK(text("execve", {.path = std::string(128, 'a')}) == "execve(" + std::string(128, 'a') + "...)");
    CHECK(text("munmap", {.arguments = {0x1000, 8192}}) == "munmap(8192 bytes)");
    CHECK(text("mmap", {.arguments = {0, 8192}, .descriptors = {open_file(4, "/x")}}) == "mmap(fd 4: /x, 8192 bytes)");
}

TEST_CASE("calls whose arguments say nothing, or that are not known", "[describe][portable]")
{
    CHECK(text("sched_yield") == "sched_yield()");
    CHECK(text("pause") == "pause()");
    call_reading call;
    CHECK(describe(call) == "a page fault");
    call.number = 999;
    CHECK(describe(call) == "system call 999");
}
