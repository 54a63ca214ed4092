// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/evidence/proc_text.hpp>

#include <string>
#include <string_view>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

TEST_CASE("schedstat: on CPU, in the queue, how often", "[proc_text][portable]")
{
    auto const c = parse_schedstat("2174816 1213449 19\n");
    CHECK(c.known);
    CHECK(c.on_cpu == 2'174'816ns);
    CHECK(c.run_delay == 1'213'449ns);
    CHECK(c.slices == 19);
}

TEST_CASE("a schedstat that says nothing is not known", "[proc_text][portable]")
{
    for (std::string_view const text :
         {"", "\n", "0 0 0\n", "12 13", "12 13 x", "12 1.3 5", "99999999999999999999 1 1"}) {
        INFO(text);
        auto const c = parse_schedstat(text);
        CHECK_FALSE(c.known);
        CHECK(c.on_cpu == 0ns);
        CHECK(c.slices == 0);
    }
}

TEST_CASE("syscall: the number, six arguments, and where it will go on", "[proc_text][portable]")
{
    kernel_sleep s;
    REQUIRE(parse_syscall("230 0x1 0xffffffffffffffff 0x7ffd1 0x0 0x5 0x6 0x7ffd2e 0x7f00aa\n", s) ==
            seen_in_kernel::sleeping);
    CHECK(s.call == 230);
    CHECK(s.arguments == fixed<std::uint64_t, 6>{1, ~std::uint64_t{0}, 0x7ffd1, 0, 5, 6});
    CHECK(s.sp == 0x7ffd2e);
    CHECK(s.pc == 0x7f00aa);
}

TEST_CASE("syscall: a page fault has no arguments", "[proc_text][portable]")
{
    kernel_sleep s;
    s.arguments[0] = 7;
    REQUIRE(parse_syscall("-1 0x7ffd2e 0x7f00aa\n", s) == seen_in_kernel::sleeping);
    CHECK(s.call == call_reading::none);
    CHECK(s.arguments[0] == 0);
    CHECK(s.sp == 0x7ffd2e);
    CHECK(s.pc == 0x7f00aa);
}

TEST_CASE("syscall: a thread that runs is in no call, and half a line is no answer", "[proc_text][portable]")
{
    kernel_sleep s;
    CHECK(parse_syscall("running\n", s) == seen_in_kernel::running);
    for (std::string_view const text : {"", "\n", "x", "230", "230 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffd2e", "-1 0x1",
                                        "230 0x1 0x2 0x3 0x4 0x5 0x6 0x0 0x7f", "230 0x1 zz 0x3 0x4 0x5 0x6 0x1 0x2"}) {
        INFO(text);
        CHECK(parse_syscall(text, s) == seen_in_kernel::unreadable);
    }
}

TEST_CASE("stat is read past any name that a thread may have", "[proc_text][portable]")
{
    std::string const rest =
        " 1 4242 4242 0 -1 4194368 101 102 37 104 5 6 7 8 20 0 3 0 9000 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 "
        "-1 1 0 0 12 43 44 45 46 47 48 49 50 51 0\n";
    for (std::string_view const name : {"worker", "a b", "x) R 1 (y", ")", "", "D (0) Z"}) {
        INFO(name);
        thread_reading to;
        parse_stat("4711 (" + std::string{name} + ") D" + rest, 10ms, to);
        CHECK(to.state == 'D');
        CHECK(to.has_faults);
        CHECK(to.major_faults == 37);
        CHECK(to.block_io_delay == 120ms);
    }
}

TEST_CASE("a stat that ends early gives what it has", "[proc_text][portable]")
{
    thread_reading to;
    parse_stat("", 10ms, to);
    parse_stat("4711 (worker", 10ms, to);
    parse_stat("4711 (worker)", 10ms, to);
    CHECK(to.state == 0);
    parse_stat("4711 (worker) S 1 2 3", 10ms, to);
    CHECK(to.state == 'S');
    CHECK_FALSE(to.has_faults);
}

TEST_CASE("wchan: a zero is no place", "[proc_text][portable]")
{
    CHECK(parse_wchan("hrtimer_nanosleep") == "hrtimer_nanosleep");
    CHECK(parse_wchan("0").empty());
    CHECK(parse_wchan("").empty());
}

TEST_CASE("loadavg: the runnable threads", "[proc_text][portable]")
{
    CHECK(parse_runnable("0.20 0.18 0.12 8/813 11206\n") == 8);
    for (std::string_view const text : {"", "0.20 0.18 0.12", "0.20 0.18 0.12 8", "0.20 0.18 0.12 /813", "a b c d/e"})
        CHECK(parse_runnable(text) == 0);
}

TEST_CASE("status: numbers are found by the whole label", "[proc_text][portable]")
{
    constexpr std::string_view text =
        "Name:\tThreads: 99\nXTracerPid:\t5\nTracerPid:\t4711\nThreads:\t12\nVmRSS:\tabc kB\n";
    CHECK(number_after(text, "TracerPid:") == 4711);
    CHECK(number_after(text, "Threads:") == 12);
    CHECK_FALSE(number_after(text, "VmRSS:"));
    CHECK_FALSE(number_after(text, "Tracer"));
    CHECK_FALSE(number_after("", "Threads:"));
}

TEST_CASE("the cgroup of either version", "[proc_text][portable]")
{
    constexpr std::string_view second = "0::/user.slice/app.service\n";
    CHECK(parse_cgroup(second, "") == "/user.slice/app.service");
    CHECK_FALSE(parse_cgroup(second, "cpu"));

    constexpr std::string_view first = "12:cpuset:/a\n4:cpuacct,cpu:/docker/1:2\n1:name=systemd:/b\n0::/c\n";
    CHECK(parse_cgroup(first, "cpu") == "/docker/1:2");
    CHECK(parse_cgroup(first, "cpuset") == "/a");
    CHECK(parse_cgroup(first, "") == "/c");
    CHECK_FALSE(parse_cgroup("3:cpu\nnonsense\n\n", "cpu"));
    CHECK_FALSE(parse_cgroup("7::/not-the-second-version\n", ""));
}

TEST_CASE("throttling is counted in microseconds or nanoseconds, or not at all", "[proc_text][portable]")
{
    CHECK(parse_throttling("usage_usec 5\nnr_throttled 2\nthrottled_usec 41000\nnr_bursts 0\n") == 41ms);
    CHECK(parse_throttling("nr_periods 1\nnr_throttled 2\nthrottled_time 41000000\n") == 41ms);
    CHECK(parse_throttling("throttled_usec 0\n") == 0ms);
    CHECK_FALSE(parse_throttling("usage_usec 5\nuser_usec 3\nsystem_usec 2\n"));
}
