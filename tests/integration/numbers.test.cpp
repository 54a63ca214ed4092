// SPDX-License-Identifier: BSL-1.0

// What a monitor counts, and how it says a loop is, also while that is stuck.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/running_loop.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace numbers_test {

using Catch::Matchers::Contains;
using loopwatch::block_report;
using loopwatch::loop_health;
using loopwatch::loop_numbers;
using loopwatch::loop_state;
using loopwatch::monitor;

namespace {

constexpr auto threshold = 20ms;
constexpr auto stall = 200ms;

/// Asks again and again, as a probe does.
template <typename Condition>
void wait_until(Condition const& holds)
{
    while (!holds()) std::this_thread::sleep_for(1ms);
}

monitor counting() { return monitor{{.threshold = threshold}, {}}; }

loop_health only(monitor const& m)
{
    auto const report = m.health();
    REQUIRE(report.loops.size() == 1);
    return report.loops[0];
}

loop_numbers only_numbers(monitor const& m)
{
    auto const numbers = m.numbers();
    REQUIRE(numbers.loops.size() == 1);
    return numbers.loops[0];
}

std::uint64_t blocks_in(loop_numbers const& numbers)
{
    std::uint64_t sum = 0;
    for (auto const& each : numbers.by_cause) sum += each.blocks;
    return sum;
}

nanoseconds blocked_in(loop_numbers const& numbers)
{
    nanoseconds sum{0};
    for (auto const& each : numbers.by_cause) sum += each.blocked;
    return sum;
}

/// Blocks the loop until it was counted: where the watchdog itself is late nobody is blamed.
void block_until(running_loop& loop, monitor& m, nanoseconds blocked)
{
    do {
        loop.in_loop([] { sleep_through(stall); });
        REQUIRE(m.flush(60s));
    } while (blocked_in(m.numbers().loops[0]) < blocked);
}

/// Those above this.
std::uint64_t delays_in(loop_numbers const& numbers, nanoseconds above)
{
    std::uint64_t sum = 0;
    for (auto const& each : numbers.delays)
        if (each.up_to > above) sum += each.count;
    return sum;
}

}  // namespace

TEST_CASE("a monitor tells how a loop is while that is stuck, and when it is well again")
{
    auto m = counting();
    running_loop loop;
    auto const watched = m.watch(loop.ctx, "api");
    wait_until([&] { return only(m).state == loop_state::answering; });
    CHECK(m.health());

    std::promise<void> release;
    post(loop.ctx, [held = release.get_future().share()] { held.wait(); });
    // What is asserted below holds from here on: up to 250 ms may yet be excused, if the watchdog was late.
    wait_until([&] { return !m.health(500ms); });
    auto const stuck = only(m);
    CHECK(stuck.loop == "api");
    CHECK(stuck.state == loop_state::blocked);
    CHECK(stuck.heartbeat_age >= 2 * threshold);
    CHECK(stuck.delay >= 2 * threshold);
    CHECK(watched.is_overloaded(threshold));
    CHECK(m.is_overloaded("api", threshold));
    CHECK_FALSE(m.is_overloaded("another", threshold));
    CHECK_FALSE(watched.is_overloaded(1h));
    CHECK(m.health(1h));
    CHECK_THAT(to_string(m.health(threshold)), Contains("not ok\napi: blocked for "));
    auto const numbers = only_numbers(m);
    CHECK(numbers.watched);
    CHECK(numbers.heartbeat_age >= 2 * threshold);
    CHECK(blocks_in(numbers) == 0);
    CHECK_THAT(m.prometheus(), Contains("\nasio_loop_heartbeat_age_seconds{loop=\"api\"} 0."));

    release.set_value();
    wait_until([&] { return m.health(threshold) && only(m).state == loop_state::answering; });
    wait_until([&] { return !watched.is_overloaded(threshold); });  // when it was more than a second ago
}

TEST_CASE("a block counts by its cause, and for each heartbeat that it swallowed")
{
    auto m = counting();
    running_loop loop;
    auto const watched = m.watch(loop.ctx, "api");
    // Where the watchdog itself is late nobody is blamed, and less time counts as a delay.
    std::vector<block_report> blamed;
    while (blamed.empty()) {
        loop.in_loop([] { sleep_through(stall); });
        REQUIRE(m.flush(60s));
        blamed = m.recent();
        std::erase_if(blamed, [](block_report const& r) { return !r.excuse.empty(); });
    }
    auto const numbers = only_numbers(m);
    CHECK(blocks_in(numbers) == m.recent().size());
    CHECK(blocked_in(numbers) >= blamed[0].duration);
    auto const calls =
        std::ranges::find(numbers.by_cause, loopwatch::cause::blocking_call, &loopwatch::cause_numbers::cause);
    CHECK(calls->blocks >= 1);
    CHECK_THAT(m.prometheus(), Contains("\nasio_loop_blocks_total{loop=\"api\",cause=\"blocking_call\"} " +
                                        std::to_string(calls->blocks) + '\n'));
    // One would have been sent each 5 ms, or a little more often.
    auto const slow = delays_in(numbers, 25ms);
    CHECK(nanoseconds{slow * 5ms} >= blamed[0].duration - 25ms);
    CHECK(numbers.delay_sum >= 0.025 * static_cast<double>(slow));
}

TEST_CASE("numbers stay when a watch ends, and another of the same name goes on counting")
{
    auto m = counting();
    running_loop loop;
    std::uint64_t blocks = 0;
    nanoseconds blocked{0};
    std::uint64_t delays = 0;
    for (int i = 0; i < 2; ++i) {
        auto watched = m.watch(loop.ctx, "api");
        block_until(loop, m, blocked + stall / 2);
        watched.end();
        CHECK(m.health().loops.empty());
        CHECK_FALSE(watched.is_overloaded(0ms));
        auto const numbers = only_numbers(m);
        CHECK(blocks_in(numbers) > blocks);
        CHECK(blocked_in(numbers) > blocked);
        CHECK(delays_in(numbers, 10ms) > delays);
        CHECK_FALSE(numbers.watched);
        blocks = blocks_in(numbers);
        blocked = blocked_in(numbers);
        delays = delays_in(numbers, 10ms);
    }
}

TEST_CASE("a loop that nobody runs is neither late nor overloaded")
{
    auto m = counting();
    net::io_context ctx;
    auto const watched = m.watch(ctx, "api");
    wait_until([&] { return only(m).state == loop_state::unattended; });
    sleep_through(stall);
    CHECK(only(m).state == loop_state::unattended);
    CHECK(m.health(0ms));
    CHECK_FALSE(watched.is_overloaded(threshold));
    CHECK(only(m).heartbeat_age == 0ms);
    CHECK(delays_in(only_numbers(m), threshold) == 0);
}

TEST_CASE("in the child of a fork nothing of the parent's is stuck, nor counted")
{
    auto m = counting();
    running_loop loop;
    auto const watched = m.watch(loop.ctx, "api");
    std::promise<void> release;
    post(loop.ctx, [held = release.get_future().share()] { held.wait(); });
    wait_until([&] { return !m.health(500ms); });
    pid_t const child = ::fork();
    if (child == 0) {
        bool const well = m.health(0ms) && !watched.is_overloaded(0ms) && !m.is_overloaded("api", 0ms);
        ::_exit(well && m.numbers().loops.empty() ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    release.set_value();
}

TEST_CASE("a monitor that is paused says that nothing is watched")
{
    auto m = counting();
    running_loop loop;
    auto const watched = m.watch(loop.ctx, "api");
    m.pause();
    CHECK(only(m).state == loop_state::unwatched);
    CHECK(m.health(0ms));
    m.resume();
    wait_until([&] { return only(m).state == loop_state::answering; });
}

#if defined(__linux__)
TEST_CASE("the CPU time of a loop's thread is counted")
{
    auto m = counting();
    running_loop loop;
    auto const watched = m.watch(loop.ctx, "api");
    wait_until([&] { return only_numbers(m).cpu_time.has_value(); });
    auto const before = *only_numbers(m).cpu_time;
    loop.in_loop([] { spin_through(stall); });
    wait_until([&] { return *only_numbers(m).cpu_time - before >= stall; });
}
#endif

TEST_CASE("names that are made up do not fill the memory, and what they counted stays")
{
    auto m = counting();
    running_loop loop;
    {
        auto const watched = m.watch(loop.ctx, "first");
        block_until(loop, m, stall / 2);
    }
    for (int i = 0; i < 1500; ++i) static_cast<void>(m.watch(loop.ctx, "connection " + std::to_string(i)));
    auto const numbers = m.numbers();
    CHECK(numbers.loops.size() <= 1001);
    std::uint64_t blocks = 0;
    for (auto const& each : numbers.loops) blocks += blocks_in(each);
    CHECK(blocks >= 1);
    auto const other = std::ranges::find(numbers.loops, "other", &loop_numbers::loop);
    REQUIRE(other != numbers.loops.end());
    CHECK(blocks_in(*other) >= 1);
    CHECK(delays_in(*other, 10ms) >= 1);
}

}  // namespace numbers_test
