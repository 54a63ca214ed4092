// SPDX-License-Identifier: BSL-1.0

// A monitor watches a service's loops, counts what blocks them, and tells no more than its limits say.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>
#include <loopwatch/no_loop_blocking.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace monitor_test {

using loopwatch::block_notice;
using loopwatch::block_report;
using loopwatch::monitor;
using loopwatch::monitor_limits;
using loopwatch::monitor_sink;
using loopwatch::severity;
using loopwatch::telling;
using loopwatch::watched_loop;

// Fit for members, std::optional and containers.
static_assert(std::is_nothrow_move_constructible_v<monitor> && std::is_nothrow_move_assignable_v<monitor>);
static_assert(std::is_nothrow_move_constructible_v<watched_loop> && std::is_nothrow_move_assignable_v<watched_loop>);
static_assert(std::is_nothrow_destructible_v<monitor> && std::is_nothrow_destructible_v<watched_loop>);
static_assert(!std::is_copy_constructible_v<monitor> && !std::is_copy_constructible_v<watched_loop>);

namespace {

constexpr auto threshold = 20ms;
constexpr auto stall = 150ms;  // the watchdog may be woken late, and excuses as much

/// What a monitor told. Shared by the sink and the test.
class notebook {
public:
    [[nodiscard]] monitor_sink sink() const
    {
        return {[kept = kept_](block_notice const& notice) {
            std::lock_guard const hold{kept->mutex};
            kept->notices.push_back(notice);
        }};
    }
    [[nodiscard]] std::vector<block_notice> notices() const
    {
        std::lock_guard const hold{kept_->mutex};
        return kept_->notices;
    }
    /// Those of blocks that somebody is to blame for: a busy machine may add others.
    [[nodiscard]] std::vector<block_notice> blamed() const
    {
        auto all = notices();
        std::erase_if(all, [](block_notice const& n) { return !n.report.excuse.empty(); });
        return all;
    }

private:
    struct state {
        std::mutex mutex;
        std::vector<block_notice> notices;
    };
    std::shared_ptr<state> kept_ = std::make_shared<state>();
};

/// Each in a run of its own, so that each is a block of its own.
void block_times(net::io_context& ctx, int times, nanoseconds length = stall)
{
    for (int i = 0; i < times; ++i) {
        post(ctx, [=] { sleep_through(length); });
        ctx.restart();
        ctx.run();
    }
}

std::uint64_t blocks_counted(monitor const& m)
{
    std::uint64_t sum = 0;
    for (auto const& path : m.top(1000)) sum += path.count;
    return sum;
}

}  // namespace

TEST_CASE("a monitor tells a code path in full, counts it after that, and ranks it")
{
    notebook log;
    net::io_context ctx;
    monitor m{{.threshold = threshold}, {log.sink()}};
    auto const watched = m.watch(ctx, "api");
    CHECK(watched.name() == "api");
    block_times(ctx, 5);
    REQUIRE(m.flush(60s));

    auto const told = log.blamed();
    REQUIRE(told.size() == 1);
    CHECK(told[0].telling == telling::full);
    CHECK(told[0].severity == severity::warning);
    CHECK(told[0].report.number == 1);
    CHECK(told[0].report.loop == "api");
    CHECK(told[0].count == 1);
    CHECK(culprit_is(told[0].report, "sleep_through"));

    auto const top = m.top(10);
    REQUIRE(top.size() == 1);
    CHECK(top[0].culprit.find("sleep_through") != std::string::npos);
    CHECK(top[0].count == 5);
    CHECK(top[0].total >= 5 * threshold);
    CHECK(top[0].longest <= top[0].total / 2);
    CHECK(top[0].share == 1);
    CHECK(top[0].cause == loopwatch::cause::blocking_call);
    CHECK(top[0].loop == "api");
    CHECK(top[0].line > 0);

    auto const recent = m.recent();
    REQUIRE(recent.size() >= 5);
    CHECK(culprit_is(recent.back(), "sleep_through"));
    CHECK(m.lost() == 0);

    auto const drawn = m.recording();
    CHECK(drawn.blocks.size() == recent.size());
    CHECK(drawn.left_out == 0);
    REQUIRE(drawn.delays.size() == 1);
    CHECK(drawn.delays[0].loop == "api");
    nanoseconds longest{};
    for (auto const& point : drawn.delays[0].points) longest = std::max(longest, point.longest);
    CHECK(longest + 1us >= top[0].longest);  // of whole microseconds
    CHECK(drawn.blocks.front().began_at <= drawn.blocks.back().began_at);
    m.set_limits({.recent = 2});
    CHECK(m.recording().left_out == recent.size() - 2);
}

TEST_CASE("a monitor of one loop is one line")
{
    net::io_context ctx;
    monitor m{ctx, {.threshold = threshold}, {}};
    block_times(ctx, 1);
    REQUIRE(m.flush(60s));
    CHECK(blocks_counted(m) == 1);
}

TEST_CASE("a monitor that sees nothing tells nothing")
{
    notebook log;
    net::io_context ctx;
    monitor m{{.threshold = 2s}, {log.sink()}};
    auto const watched = m.watch(ctx, "api");
    block_times(ctx, 3);
    REQUIRE(m.flush(60s));
    CHECK(log.blamed().empty());
    CHECK(m.top().empty());
    CHECK(m.recent().empty());
}

TEST_CASE("a watch ends with its handle, its monitor or its context, whichever ends first")
{
    notebook log;
    auto ctx = std::make_unique<net::io_context>();
    SECTION("its handle")
    {
        monitor m{{.threshold = threshold}, {log.sink()}};
        {
            auto const watched = m.watch(*ctx, "api");
            block_times(*ctx, 1);
        }
        block_times(*ctx, 1);
        REQUIRE(m.flush(60s));
        CHECK(blocks_counted(m) == 1);
    }
    SECTION("the function that ends it")
    {
        monitor m{{.threshold = threshold}, {log.sink()}};
        auto watched = m.watch(*ctx, "api");
        block_times(*ctx, 1);
        watched.end();
        watched.end();
        CHECK(watched.name().empty());
        block_times(*ctx, 1);
        REQUIRE(m.flush(60s));
        CHECK(blocks_counted(m) == 1);
    }
    SECTION("its monitor")
    {
        std::optional<monitor> m;
        m.emplace(loopwatch::options{.threshold = threshold}, std::vector{log.sink()});
        auto const watched = m->watch(*ctx, "api");
        block_times(*ctx, 1);
        m.reset();
        block_times(*ctx, 1);
        CHECK(log.blamed().size() == 1);
    }
    SECTION("its context")
    {
        monitor m{{.threshold = threshold}, {log.sink()}};
        auto const watched = m.watch(*ctx, "api");
        block_times(*ctx, 1);
        ctx.reset();
        REQUIRE(m.flush(60s));
        CHECK(blocks_counted(m) == 1);
        CHECK(watched.name() == "api");
    }
}

TEST_CASE("a monitor and its handles move")
{
    net::io_context ctx;
    std::vector<monitor> monitors;
    monitors.emplace_back(loopwatch::options{.threshold = threshold}, std::vector<monitor_sink>{});
    std::vector<watched_loop> handles;
    handles.push_back(monitors[0].watch(ctx, "api"));
    for (int i = 0; i < 10; ++i) {
        monitors.emplace_back(loopwatch::options{.threshold = 1h}, std::vector<monitor_sink>{});
        handles.emplace_back();
    }
    block_times(ctx, 1);
    REQUIRE(monitors[0].flush(60s));
    CHECK(blocks_counted(monitors[0]) == 1);

    monitors[0] = std::move(monitors[1]);  // ends what it watched
    block_times(ctx, 1);
    REQUIRE(monitors[0].flush(60s));
    CHECK(blocks_counted(monitors[0]) == 0);
}

TEST_CASE("loops without a name get one, and loops of one name share their numbers")
{
    net::io_context first;
    net::io_context second;
    monitor m{{.threshold = 1h}, {}};
    auto const a = m.watch(first);
    auto const b = m.watch(second.get_executor());
    CHECK(a.name() == "loop 1");
    CHECK(b.name() == "loop 2");
    auto const c = m.watch(first, "api");
    auto const d = m.watch(second, std::string{"api"});
    CHECK(c.name() == d.name());
}

TEST_CASE("pools, strands and executors of any type are watched, too")
{
    net::thread_pool pool{1};
    monitor m{{.threshold = threshold}, {}};
    watched_loop watched;
    auto const block_through = [&](auto const& executor) {
        std::promise<void> done;
        post(executor, [&] {
            sleep_through(stall);
            done.set_value();
        });
        done.get_future().wait();
    };
    SECTION("a pool")
    {
        watched = m.watch(pool, "pool");
        block_through(pool.get_executor());
    }
    SECTION("a strand")
    {
        auto const strand = make_strand(pool);
        watched = m.watch(strand, "pool");
        block_through(strand);
    }
    SECTION("any executor")
    {
        watched = m.watch(net::any_io_executor{pool.get_executor()}, "pool");
        block_through(pool.get_executor());
    }
    pool.join();
    watched.end();
    REQUIRE(m.flush(60s));
    CHECK(blocks_counted(m) == 1);
}

TEST_CASE("a monitor whose suppressions are not there is refused where it is made, and not where it first watches")
{
    CHECK_THROWS_WITH(loopwatch::monitor({.suppressions = "/nonexistent/file"}, {}),
                      Catch::Contains("/nonexistent/file: there is no such file"));
}

TEST_CASE("a threshold that changes holds from then on")
{
    net::io_context ctx;
    monitor m{{.threshold = 1h}, {}};
    auto const watched = m.watch(ctx, "api");
    block_times(ctx, 1);
    m.set_threshold(threshold);
    block_times(ctx, 1);
    m.set_threshold(1h);
    block_times(ctx, 1);
    REQUIRE(m.flush(60s));
    CHECK(blocks_counted(m) == 1);
    CHECK_THROWS_AS(m.set_threshold(0ms), std::invalid_argument);

    m.set_threshold(threshold);
    net::io_context other;
    auto const later = m.watch(other, "jobs");
    block_times(other, 1);
    REQUIRE(m.flush(60s));
    CHECK(blocks_counted(m) == 2);
}

TEST_CASE("a monitor that is paused sees nothing until it is resumed")
{
    net::io_context ctx;
    monitor m{{.threshold = threshold}, {}};
    auto const watched = m.watch(ctx, "api");
    m.pause();
    block_times(ctx, 2);
    net::io_context other;
    auto const later = m.watch(other, "jobs");
    block_times(other, 2);
    REQUIRE(m.flush(60s));
    CHECK(blocks_counted(m) == 0);
    m.resume();
    block_times(ctx, 1);
    block_times(other, 1);
    REQUIRE(m.flush(60s));
    CHECK(blocks_counted(m) == 2);
}

TEST_CASE("sinks may be replaced at any time, and each hears of what comes while it is there")
{
    notebook before;
    notebook after;
    net::io_context ctx;
    monitor m{{.threshold = threshold}, {before.sink()}, {.first_interval = 0ns}};
    auto const watched = m.watch(ctx, "api");
    block_times(ctx, 1);
    REQUIRE(m.flush(60s));
    m.set_sinks({after.sink(), [](block_report const&) { throw std::runtime_error{"a sink that fails"}; }});
    block_times(ctx, 1);
    REQUIRE(m.flush(60s));
    CHECK(before.blamed().size() == 1);
    REQUIRE(after.blamed().size() == 1);
    CHECK(after.blamed()[0].telling == telling::brief);
    CHECK(after.blamed()[0].count == 2);
    CHECK(m.lost() >= 1);
    auto const lost = m.lost();
    m.set_sinks({});
    CHECK(m.lost() == lost);
}

TEST_CASE("limits may be changed at any time, and bad ones are refused with the field's name")
{
    notebook log;
    net::io_context ctx;
    monitor m{{.threshold = threshold}, {log.sink()}, {.full_reports_per_minute = 0, .lines_per_minute = 0}};
    auto const watched = m.watch(ctx, "api");
    block_times(ctx, 3);
    REQUIRE(m.flush(60s));
    CHECK(log.notices().empty());
    CHECK(blocks_counted(m) == 3);
    m.set_limits({});
    block_times(ctx, 1);
    REQUIRE(m.flush(60s));
    REQUIRE(log.blamed().size() == 1);
    CHECK(log.blamed()[0].telling == telling::full);
    CHECK(log.blamed()[0].held_back >= 3);
    m.set_limits({.recent = 1});
    CHECK(m.recent().size() == 1);
    CHECK_THROWS_WITH(m.set_limits({.code_paths = 0}), Catch::Contains("monitor_limits.code_paths"));
    CHECK_THROWS_WITH((monitor{{}, {}, {.queue = 0}}), Catch::Contains("monitor_limits.queue"));
    CHECK_THROWS_WITH((monitor{{}, {}, {.first_interval = -1s}}), Catch::Contains("-1000 ms"));
    CHECK_THROWS_WITH((monitor{{.threshold = 0ms}}), Catch::Contains("options.threshold"));
}

TEST_CASE("a block is escalated while it lasts, once, as soon as it is long enough, whatever the sinks do")
{
    struct state {
        std::mutex mutex;
        std::vector<block_notice> heard;
        std::promise<void> release;
    };
    auto const kept = std::make_shared<state>();
    net::io_context ctx;
    std::atomic<bool> in_sink{false};
    auto const may_go_on = kept->release.get_future().share();
    monitor m{{.threshold = threshold}, {[&in_sink, may_go_on](block_report const&) {
                  in_sink = true;
                  may_go_on.wait();
              }}};
    auto const watched = m.watch(ctx, "api");
    block_times(ctx, 1);  // the sink is busy with this one
    std::promise<void> escalated;
    m.escalate(3 * threshold, [kept, &escalated](block_notice const& notice) {
        std::lock_guard const hold{kept->mutex};
        kept->heard.push_back(notice);
        if (kept->heard.size() == 1) escalated.set_value();
    });
    bool told_while_it_lasted = false;
    post(ctx, [&] { told_while_it_lasted = escalated.get_future().wait_for(60s) == std::future_status::ready; });
    ctx.restart();
    ctx.run();
    CHECK(told_while_it_lasted);
    kept->release.set_value();
    REQUIRE(m.flush(60s));
    {
        std::lock_guard const hold{kept->mutex};
        REQUIRE(kept->heard.size() == 1);
        CHECK(kept->heard[0].severity == severity::critical);
        CHECK(kept->heard[0].report.duration >= 3 * threshold);
    }
    CHECK_THROWS_WITH(m.escalate(-1s, {}), Catch::Contains("-1000 ms"));
    m.escalate({}, {});
    block_times(ctx, 1, 5 * threshold);
    REQUIRE(m.flush(60s));
    CHECK(kept->heard.size() == 1);
}

TEST_CASE("a block that is long enough is an error")
{
    notebook log;
    net::io_context ctx;
    monitor m{{.threshold = threshold}, {log.sink()}, {.first_interval = 0ns, .error_above = 3 * threshold}};
    auto const watched = m.watch(ctx, "api");
    block_times(ctx, 1, 5 * threshold);
    REQUIRE(m.flush(60s));
    REQUIRE(log.blamed().size() == 1);
    CHECK(log.blamed()[0].severity == severity::error);
}

TEST_CASE("nothing that was lost is forgotten while sinks are replaced")
{
    net::io_context ctx;
    std::promise<void> release;
    auto const may_go_on = release.get_future().share();
    monitor m{{.threshold = threshold},
              {[may_go_on](block_report const&) { may_go_on.wait(); }},
              {.first_interval = 0ns, .queue = 1}};
    auto const watched = m.watch(ctx, "api");
    block_times(ctx, 4);
    static_cast<void>(m.flush(10ms));
    auto const lost = m.lost();
    REQUIRE(lost > 0);
    auto const replaced = std::async(std::launch::async, [&] { m.set_sinks({}); });
    bool grows = true;
    while (replaced.wait_for(0s) != std::future_status::ready) grows = grows && m.lost() >= lost;
    CHECK(grows);
    CHECK(m.lost() >= lost);
    release.set_value();
}

namespace {

/// Holds the thread that makes reports, by a guard's sink that does not return.
class held_reporter {
public:
    explicit held_reporter(net::io_context& ctx)
        : guard_{ctx, {.threshold = threshold, .action = loopwatch::on_block::log}, [this](block_report const&) {
                     if (!std::exchange(is_held_, true)) held_.set_value();
                     may_go_on_.wait();
                 }}
    {
        block_times(ctx, 1);
        held_.get_future().wait();
    }
    held_reporter(held_reporter const&) = delete;
    held_reporter& operator=(held_reporter const&) = delete;
    ~held_reporter() { release(); }

    void release()
    {
        if (!std::exchange(is_released_, true)) release_.set_value();
    }

private:
    bool is_held_{false};
    bool is_released_{false};
    std::promise<void> held_;
    std::promise<void> release_;
    std::shared_future<void> may_go_on_{release_.get_future().share()};
    loopwatch::no_loop_blocking guard_;
};

}  // namespace

TEST_CASE("a flush takes no longer than it may, whoever holds the reporter")
{
    net::io_context guarded;
    net::io_context ctx;
    monitor m{{.threshold = threshold}, {}};
    auto const watched = m.watch(ctx, "api");
    held_reporter held{guarded};
    block_times(ctx, 1);
    auto flushed = std::async(std::launch::async, [&] { return m.flush(1ms); });
    bool const returned = flushed.wait_for(30s) == std::future_status::ready;
    held.release();
    CHECK(returned);
    CHECK_FALSE(flushed.get());
    CHECK(m.flush(60s));
    CHECK(blocks_counted(m) == 1);
}

TEST_CASE("a monitor that ends waits for watches that are being ended, for they have something to tell")
{
    notebook log;
    net::io_context guarded;
    net::io_context ctx;
    auto m = std::make_unique<monitor>(loopwatch::options{.threshold = threshold}, std::vector{log.sink()});
    auto watched = m->watch(ctx, "api");
    held_reporter held{guarded};
    block_times(ctx, 1);
    auto const ended = std::async(std::launch::async, [&] { watched.end(); });
    while (m->health().loops.at(0).state != loopwatch::loop_state::unwatched) sleep_through(1ms);
    auto const gone = std::async(std::launch::async, [&] { m.reset(); });
    static_cast<void>(gone.wait_for(200ms));  // it would have gone by then if it did not wait
    held.release();
    gone.wait();
    CHECK(log.blamed().size() == 1);
}

TEST_CASE("the child of a fork may use and destroy its parent's monitor")
{
    net::io_context ctx;
    auto const work = make_work_guard(ctx);
    std::thread runs{[&] { ctx.run(); }};
    {
        notebook log;
        auto m = std::make_unique<monitor>(loopwatch::options{.threshold = 2ms}, std::vector{log.sink()});
        auto watched = std::make_unique<watched_loop>(m->watch(ctx, "api"));
        for (int i = 0; i < 20; ++i) {
            post(ctx, [] { sleep_through(4ms); });
            sleep_through(std::chrono::microseconds{1000 + i * 137});
            pid_t const child = ::fork();
            if (child == 0) {
                ::alarm(60);  // it must not hang
                static_cast<void>(m->top());
                static_cast<void>(m->flush());
                m->pause();
                static_cast<void>(m->watch(ctx, "child"));
                watched.reset();
                m.reset();
                ::_exit(0);
            }
            int status = 0;
            REQUIRE(::waitpid(child, &status, 0) == child);
            CHECK(status == 0);
        }
    }
    ctx.stop();
    runs.join();
}

}  // namespace monitor_test
