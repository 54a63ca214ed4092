// SPDX-License-Identifier: BSL-1.0

// How long each handler was ready before it ran, as a monitor counts it.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/running_loop.hpp"
#include "support/stall.hpp"
#include "written_down.hpp"

#include <loopwatch/monitor.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<asio/experimental/channel.hpp>)
#include <asio/experimental/channel.hpp>
#endif

using namespace loopwatch;
using seconds_as_double = std::chrono::duration<double>;

namespace {

constexpr auto stall = 60ms;

/// A user's own clock, of which Asio needs no more. It begins with the program.
struct own_clock {
    using duration = nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<own_clock>;

    static time_point now() noexcept
    {
        static auto const began = test_clock::now();
        return time_point{test_clock::now() - began};
    }
};

/// Another one: its times are of steady_clock's type, and years ago.
struct past_clock {
    using duration = std::chrono::steady_clock::duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::steady_clock::time_point;

    static time_point now() noexcept { return time_point{own_clock::now().time_since_epoch()}; }
};

bool is_measured() { return (exact::state.flags.load() & exact::shared_state::measures) != 0; }

/// Measures a loop's delays.
struct measured_loop {
    explicit measured_loop(running_loop& of) : loop{of}
    {
        while (!is_measured()) std::this_thread::sleep_for(1ms);
    }

    /// Once so many handlers were counted, which are all.
    loop_numbers numbers(std::uint64_t handlers)
    {
        while (count() < handlers) std::this_thread::sleep_for(1ms);
        std::this_thread::sleep_for(stall);  // for what may be too many
        watched.end();
        CHECK(count() == handlers);
        return m.numbers().loops.at(0);
    }
    std::uint64_t count() const { return above(m.numbers().loops.at(0), -1ns); }

    static std::uint64_t above(loop_numbers const& numbers, nanoseconds bound)
    {
        std::uint64_t sum = 0;
        for (delay_bucket const& each : numbers.handler_delays)
            if (each.up_to > bound) sum += each.count;
        return sum;
    }

    running_loop& loop;
    monitor m{{.threshold = 100ms}, {}};
    watched_loop watched{m.watch(loop.ctx, "api")};
};

/// What handlers that note it themselves have waited for, at most: from before they are posted.
class noted_delays {
public:
    template <typename Handler>
    void post_to(net::io_context& ctx, Handler handler)
    {
        post(ctx, [this, handler, from = test_clock::now()] {
            sum_ += test_clock::now() - from;
            handler();
        });
    }
    [[nodiscard]] double sum() const { return seconds_as_double{sum_}.count(); }

private:
    nanoseconds sum_{};
};

}  // namespace

TEST_CASE("each handler's delay is counted, and loopwatch's own are not")
{
    running_loop loop;
    // A context's heartbeats are none of the handlers that are written down. Those of a strand are like others.
    no_loop_blocking guard{net::make_strand(loop.ctx), {.threshold = 100ms, .action = on_block::log}};
    loop.in_loop([] {});
    measured_loop l{loop};
    noted_delays noted;
    std::promise<void> done;
    constexpr std::uint64_t behind = 5;
    noted.post_to(loop.ctx, [&] {
        for (std::uint64_t i = 0; i < behind; ++i) noted.post_to(loop.ctx, [] {});
        sleep_through(stall);
        noted.post_to(loop.ctx, [&] { done.set_value(); });
    });
    done.get_future().wait();
    auto const numbers = l.numbers(1 + behind + 1);
    CHECK(measured_loop::above(numbers, 50ms) >= behind);
    CHECK(numbers.handler_delay_sum >= static_cast<double>(behind) * seconds_as_double{stall}.count());
    // That one waited which was posted last is not said, though its handler had begun long before.
    CHECK(numbers.handler_delay_sum <= noted.sum() * 1.001);
    CHECK_THAT(l.m.prometheus(), contains("\nasio_handler_delay_seconds_count{loop=\"api\"} 7\n"));
}

TEST_CASE("a timer's handler is ready when that has expired, and not if it was cancelled")
{
    running_loop loop;
    measured_loop l{loop};
    net::steady_timer timer{loop.ctx};
    net::steady_timer cancelled{loop.ctx, 1h};
    net::steady_timer early{loop.ctx, -1h};
    std::promise<void> done;
    post(loop.ctx, [&] {
        early.async_wait([](auto) {});
        cancelled.async_wait([&](auto) { done.set_value(); });
        timer.expires_after(stall);
        timer.async_wait([&](auto) { cancelled.cancel(); });
        sleep_through(2 * stall);
    });
    done.get_future().wait();
    auto const numbers = l.numbers(3);
    CHECK(measured_loop::above(numbers, stall - 10ms) >= 2);
    CHECK(numbers.handler_delay_sum >= 3 * seconds_as_double{stall}.count());
    CHECK(numbers.handler_delay_sum < seconds_as_double{30min}.count());
}

TEST_CASE("what waits for a socket is ready when there is something")
{
    running_loop loop;
    measured_loop l{loop};
    net::ip::tcp::acceptor acceptor{loop.ctx, {net::ip::address_v4::loopback(), 0}};
    net::ip::tcp::socket here{loop.ctx};
    net::ip::tcp::socket there{loop.ctx};
    there.connect(acceptor.local_endpoint());
    acceptor.accept(here);
    std::promise<void> done;
    char byte = 0;
    here.async_receive(net::buffer(&byte, 1), [&](auto, auto) { done.set_value(); });
    std::this_thread::sleep_for(stall);
    there.send(net::buffer("x", 1));
    auto const sent = test_clock::now();
    done.get_future().wait();
    auto const received = test_clock::now();
    std::promise<void> stopped;
    here.async_receive(net::buffer(&byte, 1), [&](auto, auto) { stopped.set_value(); });
    post(loop.ctx, [&] { here.cancel(); });
    stopped.get_future().wait();
    auto const numbers = l.numbers(2);  // without the one that was cancelled
    CHECK(numbers.handler_delay_sum <= seconds_as_double{received - sent}.count() + 0.01);
}

TEST_CASE("delays are measured while a monitor watches the loop, and else not")
{
    running_loop loop;
    no_loop_blocking guard{loop.ctx, {.threshold = 1h, .action = on_block::log}};
    loop.in_loop([] {});
    CHECK_FALSE(is_measured());
    std::optional<measured_loop> l{loop};
    CHECK(is_measured());
    l->m.pause();
    CHECK_FALSE(is_measured());
    l->m.resume();
    while (!is_measured()) std::this_thread::sleep_for(1ms);
    l.reset();
    CHECK_FALSE(is_measured());
    loop.in_loop([] { CHECK(exact::stamp != 0); });
}

TEST_CASE("each loop has its own handlers' delays")
{
    running_loop loop;
    measured_loop l{loop};
    running_loop other;
    auto const watched = l.m.watch(other.ctx, "other");
    for (int i = 0; i < 10; ++i) loop.in_loop([] {});
    for (int i = 0; i < 20; ++i) other.in_loop([] {});
    auto const count_of = [&](std::size_t i) { return measured_loop::above(l.m.numbers().loops.at(i), -1ns); };
    while (count_of(0) < 10 || count_of(1) < 20) std::this_thread::sleep_for(1ms);
    CHECK(count_of(0) == 10);
    CHECK(count_of(1) == 20);
}

TEST_CASE("a timer by another clock than steady_clock is not known to be ready before it runs")
{
    running_loop loop;
    measured_loop l{loop};
    net::basic_waitable_timer<own_clock> own{loop.ctx};
    net::basic_waitable_timer<past_clock> past{loop.ctx};
    std::promise<void> done;
    own.expires_after(stall);
    own.async_wait([&](auto) {
        past.expires_after(stall);
        past.async_wait([&](auto) { done.set_value(); });
    });
    done.get_future().wait();
    l.numbers(0);
}

#if __has_include(<asio/experimental/channel.hpp>)
TEST_CASE("who waits for a channel is in no queue until there is something in it")
{
    running_loop loop;
    measured_loop l{loop};
    net::experimental::channel<void(std::error_code, int)> channel{loop.ctx, 0};
    std::promise<void> done;
    channel.async_receive([&](auto, auto) { done.set_value(); });
    std::this_thread::sleep_for(stall);
    channel.async_send({}, 1, [](auto) {});
    done.get_future().wait();
    auto const numbers = l.numbers(2);
    CHECK(numbers.handler_delay_sum < seconds_as_double{stall}.count());
}
#endif

TEST_CASE("what a handler posts that ran already when the watch began is not counted from that handler's beginning")
{
    running_loop loop;
    std::optional<measured_loop> l;
    std::promise<void> done;
    loop.in_loop([&] {
        sleep_through(5 * stall);
        l.emplace(loop);
        post(loop.ctx, [&] { post(loop.ctx, [&] { done.set_value(); }); });
    });
    done.get_future().wait();
    auto const numbers = l->numbers(1);
    CHECK(numbers.handler_delay_sum < seconds_as_double{5 * stall}.count());
}

TEST_CASE("a watch counts what is begun while it lasts, and is not paused")
{
    running_loop loop;
    // Whose looks are rare: what is counted is told when a watch begins or ends.
    monitor rarely{{.threshold = 1h}, {}};
    monitor paused{{.threshold = 1h}, {}};
    std::optional<watched_loop> first{rarely.watch(loop.ctx, "api")};
    auto const second = paused.watch(loop.ctx, "api");
    auto const count = [](monitor const& m) { return measured_loop::above(m.numbers().loops.at(0), -1ns); };
    auto const run = [&](int handlers) {
        for (int i = 0; i < handlers; ++i) loop.in_loop([] {});
    };
    run(10);
    paused.pause();
    CHECK(count(paused) == 10);
    run(20);
    monitor late{{.threshold = 1h}, {}};
    std::optional<watched_loop> third{late.watch(loop.ctx, "api")};
    run(5);
    first.reset();
    third.reset();
    CHECK(count(rarely) == 35);
    CHECK(count(late) == 5);
    CHECK(count(paused) == 10);
    CHECK_FALSE(is_measured());
    paused.resume();
    CHECK(is_measured());
}

#if !LOOPWATCH_HAS_TSAN()  // which allows such a child no threads
TEST_CASE("the child of a fork measures nothing for its parent, and counts none of its handlers")
{
    running_loop loop;
    measured_loop l{loop};
    for (int i = 0; i < 10; ++i) loop.in_loop([] {});
    net::io_context here;
    for (int i = 0; i < 10; ++i) post(here, [] {});
    here.run();
    pid_t const child = ::fork();
    if (child == 0) {
        ::alarm(60);
        if (is_measured()) ::_exit(2);
        net::io_context ctx;
        monitor own{{.threshold = 1h}, {}};
        auto watched = own.watch(ctx, "child");
        post(ctx, [&] { post(ctx, [&] { watched.end(); }); });
        ctx.run();
        ::_exit(measured_loop::above(own.numbers().loops.at(0), -1ns) == 2 ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
#endif
