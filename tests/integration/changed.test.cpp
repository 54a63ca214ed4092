// SPDX-License-Identifier: BSL-1.0

// A watch that is changed, paused and resumed while its loop runs.
#include "support/catch.hpp"
#include "support/how_many.hpp"
#include "support/net.hpp"
#include "support/running_loop.hpp"
#include "support/stall.hpp"

#include <loopwatch/detail/calls_begin.hpp>
#include <loopwatch/detail/watch_handle.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace changed_test {

using loopwatch::block_report;
using loopwatch::on_block;
using loopwatch::detail::watch_handle;

namespace {

constexpr auto threshold = 20ms;
constexpr auto interval = threshold / 4;
constexpr auto long_time = 60s;  // longer than any handler here, on any machine
constexpr auto stall = 200ms;

/// A loop on a thread of its own, which is watched.
class watched_loop : public running_loop {
public:
    explicit watched_loop(nanoseconds at_first)
    {
        loopwatch::sink none = [](block_report const&) {};
        handle.begin(ctx, loopwatch::detail::effective({.threshold = at_first, .action = on_block::log}), &none,
                     loopwatch::detail::calls_begin(this, 0));
        let_beat();
    }
    watched_loop(watched_loop const&) = delete;
    watched_loop& operator=(watched_loop const&) = delete;
    ~watched_loop() { finish(); }

    /// Whatever was posted before has run. Twice: what a handler posts itself may come into the queue only when it
    /// returns, after what is posted once it has said that it is done.
    void let_beat()
    {
        for (int i = 0; i < 2; ++i) in_loop([] {});
    }

    watch_handle handle;
};

/// A handler that has been a block for long, and lasts until it may return.
class held_handler {
public:
    explicit held_handler(net::io_context& ctx)
    {
        post(ctx, [this] {
            sleep_through(stall);
            is_stuck_.set_value();
            may_return_.get_future().wait();
        });
        is_stuck_.get_future().wait();
    }
    void let_go() { may_return_.set_value(); }

private:
    std::promise<void> is_stuck_;
    std::promise<void> may_return_;
};

}  // namespace

TEST_CASE("a threshold that is lowered finds what begins then, and one that is raised bears it")
{
    watched_loop loop{long_time};
    loop.in_loop([] { sleep_through(stall); });
    CHECK(are(0, loop.handle.blocks()));

    bool const from_the_loop = GENERATE(true, false);
    if (from_the_loop) {
        loop.in_loop([&] {
            loop.handle.change(threshold, interval);
            sleep_through(stall);
        });
    } else {
        loop.handle.change(threshold, interval);
        loop.in_loop([] { sleep_through(stall); });
    }
    loop.let_beat();
    auto const blocks = loop.handle.blocks();
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].threshold == threshold);
    CHECK(stack_names(blocks[0], "sleep_through"));

    loop.handle.change(long_time, long_time / 4);
    loop.in_loop([] { sleep_through(stall); });
    loop.let_beat();
    CHECK(are(1, loop.handle.blocks()));
    loop.handle.end();
    CHECK(are(1, loop.handle.blocks()));
}

TEST_CASE("a block under way when the threshold is raised is reported, once, with the threshold of its beginning")
{
    watched_loop loop{threshold};
    held_handler held{loop.ctx};
    loop.handle.change(long_time, long_time / 4);
    held.let_go();
    loop.let_beat();
    auto const blocks = loop.handle.blocks();
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].threshold == threshold);
    CHECK(blocks[0].ended);
}

TEST_CASE("a block that is met during a pause is not seen, and one that begins right after it is")
{
    watched_loop loop{threshold};
    loop.handle.pause();
    CHECK(loop.handle.paused());
    loop.in_loop([] { sleep_through(stall); });
    CHECK(are(0, loop.handle.blocks()));

    bool const from_the_loop = GENERATE(true, false);
    truth t{};
    test_clock::time_point before_resume;
    if (from_the_loop) {
        loop.in_loop([&] {
            sleep_through(stall);
            before_resume = test_clock::now();
            loop.handle.resume();
            t = sleep_through(stall);
        });
    } else {
        before_resume = test_clock::now();
        loop.handle.resume();
        loop.in_loop([&] { t = sleep_through(stall); });
    }
    CHECK_FALSE(loop.handle.paused());
    loop.let_beat();
    auto const blocks = loop.handle.blocks();
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].duration_max <= test_clock::now() - before_resume);
    CHECK(blocks[0].duration_max >= t.length());
}

TEST_CASE("a block under way when its watch is paused counts up to then")
{
    watched_loop loop{threshold};
    held_handler held{loop.ctx};
    loop.handle.pause();
    CHECK(loop.handle.paused());
    auto const blocks = loop.handle.blocks();
    REQUIRE(are(1, blocks));
    CHECK_FALSE(blocks[0].ended);
    loop.handle.pause();  // it is already
    held.let_go();
    loop.let_beat();
    loop.handle.resume();
    loop.let_beat();
    CHECK(are(1, loop.handle.blocks()));
}

TEST_CASE("the context of a paused watch may go, and the watch then ends")
{
    watch_handle handle;
    auto ctx = std::make_unique<net::io_context>();
    handle.begin(*ctx, loopwatch::detail::effective({.threshold = threshold}), nullptr,
                 loopwatch::detail::calls_begin(&handle, 0));
    bool const ran = GENERATE(true, false);
    if (ran) ctx->poll();
    handle.pause();
    ctx.reset();
    CHECK_FALSE(handle.paused());
    handle.resume();
    handle.change(long_time, long_time);
    CHECK(are(0, handle.blocks()));
    handle.end();
    CHECK(are(0, handle.blocks()));
}

TEST_CASE("a watch may be changed, paused and resumed from all sides while its loop blocks, and ends in any of it")
{
    for (int turn = 0; turn < 5; ++turn) {
        watched_loop loop{1ms};
        std::atomic<bool> end{false};
        std::vector<std::thread> all;
        all.emplace_back([&] {
            while (!end) {
                loop.handle.change(2ms, 500us);
                loop.handle.change(1ms, 250us);
            }
        });
        for (int i = 0; i < 2; ++i)
            all.emplace_back([&] {
                while (!end) {
                    loop.handle.pause();
                    std::this_thread::yield();
                    loop.handle.resume();
                    std::this_thread::yield();
                }
            });
        for (int i = 0; i < 10; ++i) loop.in_loop([] { sleep_through(4ms); });
        if (turn % 2 == 0) loop.handle.end();
        end = true;
        for (auto& each : all) each.join();
        if (turn % 2 != 0) loop.handle.end();
    }
}

}  // namespace changed_test
