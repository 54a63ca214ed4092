// SPDX-License-Identifier: BSL-1.0

// What must be seen, how often, for how long, and where.
#include "support/catch.hpp"
#include "support/how_many.hpp"
#include "support/net.hpp"
#include "support/punctuality.hpp"
#include "support/stall.hpp"
#include "support/stall_log.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace detection_test {

using loopwatch::block_report;
using loopwatch::loop_blocked_error;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;

namespace {

constexpr auto threshold = 20ms;  // a machine may wake a thread some 10 ms late, and that is a block indeed

[[gnu::noinline]] truth read_everything() { return sleep_through(60ms); }
[[gnu::noinline]] void be_quick() { sleep_through(threshold / 2); }
[[gnu::noinline]] void wait_to_be_let_go(std::promise<void>& by) { by.get_future().wait(); }

net::awaitable<void> serve_slowly(truth& t)
{
    t = read_everything();
    co_return;
}

std::vector<block_report> blocks_of(std::function<void()> const& body)
{
    try {
        body();
    } catch (loop_blocked_error const& e) {
        return e.blocks();
    }
    return {};
}

// A busy machine may keep the loop's thread from its heartbeat after the handler has returned, which is no part of what
// is blamed. What the handler still does then is: to end a coroutine and wake a future takes a sanitizer milliseconds.
// How exact lengths are is measured in bench/detection.cpp.
constexpr auto after_the_stall = 30ms;

void check_bounds(block_report const& b, truth const& t)
{
    CHECK(b.own_duration <= t.length() + after_the_stall);
    CHECK(b.own_duration <= b.duration);
    CHECK(b.duration_max >= t.length());
    CHECK(b.duration >= b.threshold);
}

}  // namespace

TEST_CASE("a scope around run()")
{
    net::io_context ctx;
    truth t;
    auto const blocks = blocks_of([&] {
        no_loop_blocking guard{ctx, {.threshold = threshold, .loop_name = "main"}};
        co_spawn(ctx, serve_slowly(t), net::detached);
        ctx.run();
    });
    REQUIRE(are(1, blocks));
    block_report const& b = blocks[0];
    check_bounds(b, t);
    CHECK(b.number == 1);
    CHECK(b.loop == "main");
    CHECK(b.threshold == threshold);
    CHECK(b.ended);
    CHECK(b.thread_id == loopwatch::detail::this_thread_number());
    CHECK_FALSE(b.thread_name.empty());
    auto const ago = std::chrono::system_clock::now() - b.began_at;
    CHECK(ago > 50ms);
    CHECK(ago < 60s);

    CHECK(b.stack_quality == loopwatch::stack_quality::exact);
    CHECK(b.stack_missing.empty());
    REQUIRE(b.culprit() != nullptr);
    CHECK(culprit_is(b, "sleep_through"));
    CHECK_THAT(b.culprit()->file, contains("stall.hpp"));
    CHECK(b.culprit()->line > 0);
    CHECK(stack_names(b, "read_everything"));
    CHECK(stack_names(b, "serve_slowly"));
    CHECK(stack_names(b, "main"));
    CHECK_FALSE(stack_names(b, "loopwatch"));
    CHECK_FALSE(stack_names(b, "restore_rt"));
    CHECK_FALSE(stack_names(b, "[clone"));
    CHECK_FALSE(stack_names(b, ".Frame*"));
}

TEST_CASE("inside a coroutine's body, where the block begins right after the guard and ends with its scope")
{
    net::io_context ctx;
    truth t;
    std::vector<block_report> blocks;
    co_spawn(
        ctx,
        [&]() -> net::awaitable<void> {
            try {
                no_loop_blocking guard{co_await net::this_coro::executor, {.threshold = threshold}};
                t = read_everything();
            } catch (loop_blocked_error const& e) {
                blocks = e.blocks();
            }
        },
        net::detached);
    ctx.run();
    REQUIRE(are(1, blocks));
    check_bounds(blocks[0], t);
    CHECK(blocks[0].ended);
    CHECK(stack_names(blocks[0], "read_everything"));
}

TEST_CASE("a block of just over threshold + interval right after the guard")
{
    net::io_context ctx;
    std::size_t seen = 0;
    for (int i = 0; i < 20; ++i) {
        post(ctx, [&] {
            no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
            sleep_through(threshold + threshold / 4);
            guard.finish();
            // Excused where the watchdog itself was late.
            seen += guard.blocks().size() + guard.excused().size();
        });
        ctx.run();
        ctx.restart();
    }
    CHECK(seen == 20);
}

TEST_CASE("a handler that was queued before the guard")
{
    net::io_context ctx;
    truth t;
    auto const blocks = blocks_of([&] {
        SECTION("and blocks")
        {
            post(ctx, [&] { t = read_everything(); });
        }
        SECTION("and blocks, and stops the loop")
        {
            post(ctx, [&] {
                t = read_everything();
                ctx.stop();
            });
        }
        SECTION("and blocks, and throws")
        {
            post(ctx, [&] {
                t = read_everything();
                throw 1;
            });
        }
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        try {
            ctx.run();
        } catch (int) {
        }
    });
    REQUIRE(are(1, blocks));
    check_bounds(blocks[0], t);
    CHECK(stack_names(blocks[0], "read_everything"));
}

TEST_CASE("around future.get() while the loop runs elsewhere")
{
    net::io_context ctx;
    auto const work = make_work_guard(ctx);
    std::thread runs{[&] { ctx.run(); }};
    truth t;
    auto const blocks = blocks_of([&] {
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        co_spawn(ctx, serve_slowly(t), net::use_future).get();
    });
    ctx.stop();
    runs.join();
    REQUIRE(are(1, blocks));
    check_bounds(blocks[0], t);
    CHECK(blocks[0].thread_id != loopwatch::detail::this_thread_number());
    CHECK(stack_names(blocks[0], "read_everything"));
}

TEST_CASE("without a stack blocks are reported even so", "[portable]")
{
    net::io_context ctx;
    std::vector<block_report> blocks;
    truth t;
    {
        no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [&](block_report const& b) {
                                   if (b.ended) blocks.push_back(b);
                               }};
        co_spawn(ctx, serve_slowly(t), net::detached);
        ctx.run();
        ctx.restart();
        post(ctx, [] {});
        ctx.run();
        sleep_through(40ms);
    }
    REQUIRE(are(1, blocks));
    check_bounds(blocks[0], t);
    auto const ability = loopwatch::can_capture();
    CHECK(ability.works == (blocks[0].stack_quality == loopwatch::stack_quality::exact));
    CHECK(ability.works == blocks[0].stack_missing.empty());
    CHECK(ability.works != blocks[0].stack.empty());
}

TEST_CASE("every kind of loop")
{
    truth t;
    auto const block_it = [&](auto&& executor) {
        return blocks_of([&] {
            no_loop_blocking guard{executor, {.threshold = threshold}};
            std::promise<void> done;
            post(executor, [&] {
                t = read_everything();
                done.set_value();
            });
            done.get_future().wait();
        });
    };
    std::vector<block_report> blocks;

    SECTION("a pool of one thread")
    {
        net::thread_pool pool{1};
        blocks = block_it(pool);
    }
    SECTION("a strand on a pool of several")
    {
        net::thread_pool pool{4};
        blocks = block_it(make_strand(pool));
    }
    SECTION("a strand, its type erased, on a pool of several")
    {
        net::thread_pool pool{4};
        blocks = block_it(net::any_io_executor{make_strand(pool)});
    }
    SECTION("a pool's executor, its type erased")
    {
        net::thread_pool pool{1};
        blocks = block_it(net::any_io_executor{pool.get_executor()});
    }
    REQUIRE(are(1, blocks));
    check_bounds(blocks[0], t);
}

TEST_CASE("a strand that moves from thread to thread shows the thread that holds it")
{
    net::thread_pool pool{4};
    auto strand = make_strand(pool);
    auto const blocks = blocks_of([&] {
        no_loop_blocking guard{strand, {.threshold = threshold}};
        // So many beats that each of the threads is likely to be known.
        sleep_through(100ms);
        std::promise<void> done;
        post(strand, [&] {
            read_everything();
            done.set_value();
        });
        done.get_future().wait();
    });
    REQUIRE(are(1, blocks));
    CHECK(stack_names(blocks[0], "read_everything"));
}

TEST_CASE("a strand that is held by a thread which never ran a heartbeat shows that thread, and not another's handler")
{
    net::io_context ctx;
    auto const work = net::make_work_guard(ctx);
    auto strand = net::make_strand(ctx);
    std::jthread const first{[&] { ctx.run(); }};
    auto const blocks = blocks_of([&] {
        no_loop_blocking guard{strand, {.threshold = threshold, .heartbeat_interval = threshold}};
        sleep_through(4 * threshold);  // the first thread has run some beats
        std::promise<void> first_is_busy;
        std::promise<void> second_holds;
        std::promise<void> done;
        post(ctx, [&] {
            first_is_busy.set_value();
            second_holds.get_future().wait();
        });
        first_is_busy.get_future().wait();
        std::jthread const second{[&] { ctx.run(); }};
        post(strand, [&] {
            second_holds.set_value();
            read_everything();
            done.set_value();
        });
        done.get_future().wait();
        ctx.stop();
    });
    REQUIRE(are(1, blocks));
    CHECK(stack_names(blocks[0], "read_everything"));
}

TEST_CASE("a strand beside busy strands of the same context shows its own handlers only")
{
    net::io_context ctx;
    auto work = net::make_work_guard(ctx);
    std::vector const busy{make_strand(ctx), make_strand(ctx), make_strand(ctx)};
    std::atomic<bool> over{false};
    std::function<void(std::size_t)> const keep_busy = [&](std::size_t i) {
        be_quick();
        if (!over) post(busy[i], [&, i] { keep_busy(i); });
    };
    for (std::size_t i = 0; i < busy.size(); ++i) post(busy[i], [&, i] { keep_busy(i); });
    std::vector<std::jthread> threads(busy.size() + 2);  // one for the watched strand, and one is always free
    for (auto& t : threads) t = std::jthread{[&] { ctx.run(); }};

    auto const blocks_on = [&](auto const& strand) {
        no_loop_blocking guard{strand, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
        for (int i = 0; i < 5; ++i) {
            std::promise<void> done;
            post(strand, [&] {
                read_everything();
                done.set_value();
            });
            done.get_future().wait();
        }
        guard.finish();
        return guard.blocks();
    };
    std::vector<block_report> blocks;
    SECTION("a strand") { blocks = blocks_on(make_strand(ctx)); }
    SECTION("its type erased") { blocks = blocks_on(net::any_io_executor{make_strand(ctx)}); }
    SECTION("on a strand") { blocks = blocks_on(make_strand(net::any_io_executor{make_strand(ctx)})); }
    SECTION("a context's") { blocks = blocks_on(net::io_context::strand{ctx}); }
    over = true;
    work.reset();
    threads.clear();

    std::size_t shown = 0;
    for (auto const& b : blocks) {
        INFO(b);
        if (stack_names(b, "read_everything")) ++shown;
        CHECK((b.stack.empty() || stack_names(b, "read_everything")));
    }
    CHECK(shown >= 3);
}

TEST_CASE("a pool is blocked when all of its threads are, and so is a strand that nobody holds")
{
    net::thread_pool pool{2};
    bool const on_strand = GENERATE(false, true);
    net::any_io_executor const watched =
        on_strand ? net::any_io_executor{make_strand(pool)} : net::any_io_executor{pool.get_executor()};
    auto const blocks = blocks_of([&] {
        no_loop_blocking guard{watched, {.threshold = threshold}};
        sleep_through(20ms);
        for (int i = 0; i < 2; ++i) post(pool, [] { read_everything(); });
        sleep_through(100ms);
    });
    REQUIRE(are(1, blocks));
    CHECK(stack_names(blocks[0], "read_everything"));
}

TEST_CASE("each block once, none twice, at random moments, and their lengths are true")
{
    constexpr auto strict = stall_lengths::threshold;
    net::io_context ctx;
    std::vector<logged_stall> stalls;
    std::vector<block_report> blocks;
    std::vector<block_report> excused;
    punctuality machine;
    co_spawn(
        ctx,
        [&]() -> net::awaitable<void> {
            stall_lengths lengths{20'261'120};
            net::steady_timer timer{ctx};
            for (int i = 0; i < 60; ++i) {
                logged_stall stall;
                stall.free_before = test_clock::now();
                timer.expires_after(lengths.pause(3000, 9000));
                co_await timer.async_wait(net::use_awaitable);
                stall.meant = lengths.next();
                stall.sleeps = i % 4 < 2;
                stall.where = stall.sleeps ? "sleep_through" : "spin_through";
                stall.was = stall.sleeps ? sleep_through(stall.meant) : spin_through(stall.meant);
                co_await post(net::use_awaitable);  // behind the heartbeat, if one waits
                stall.free_after = test_clock::now();
                stalls.push_back(stall);
            }
        },
        net::detached);
    {
        no_loop_blocking guard{ctx, {.threshold = strict, .action = on_block::log}, [&](block_report const& b) {
                                   if (b.ended) blocks.push_back(b);
                               }};
        ctx.run();
        guard.finish();
        excused = guard.excused();
    }
    REQUIRE(stalls.size() == 60);
    check_each_once(stalls, blocks, excused, strict, strict / 4, machine.worst_lateness());
}

TEST_CASE("several loops and nested guards, each for itself")
{
    net::io_context one;
    net::io_context two;
    std::vector<block_report> outer;
    std::vector<block_report> inner;
    std::vector<block_report> other;
    auto const into = [](std::vector<block_report>& to) { return [&to](block_report const& b) { to.push_back(b); }; };
    {
        auto const work = make_work_guard(two);
        std::thread runs{[&] { two.run(); }};
        no_loop_blocking a{one, {.threshold = threshold, .action = on_block::log, .loop_name = "outer"}, into(outer)};
        no_loop_blocking c{two, {.threshold = threshold, .action = on_block::log, .loop_name = "other"}, into(other)};
        {
            no_loop_blocking b{
                one, {.threshold = threshold, .action = on_block::log, .loop_name = "inner"}, into(inner)};
            post(one, [] { read_everything(); });
            one.run();
        }
        one.restart();
        post(one, [] { read_everything(); });
        one.run();
        two.stop();
        runs.join();
    }
    CHECK(are(2, outer));
    CHECK(are(1, inner));
    CHECK(are(0, other));
    for (auto const& b : outer) CHECK(b.loop == "outer");
}

TEST_CASE("a handler that throws out of run() after it has blocked")
{
    net::io_context ctx;
    truth t;
    auto const blocks = blocks_of([&] {
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        post(ctx, [&] {
            t = read_everything();
            throw std::runtime_error{"out of run"};
        });
        CHECK_THROWS_AS(ctx.run(), std::runtime_error);
        sleep_through(200ms);  // nobody runs the loop: this is not part of the block
    });
    REQUIRE(are(1, blocks));
    check_bounds(blocks[0], t);
}

TEST_CASE("a handler that stops its context after it has blocked")
{
    net::io_context ctx;
    truth t;
    auto const blocks = blocks_of([&] {
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        post(ctx, [&] {
            t = read_everything();
            ctx.stop();
        });
        ctx.run();
        sleep_through(200ms);
    });
    REQUIRE(are(1, blocks));
    check_bounds(blocks[0], t);
}

TEST_CASE("finish() raises once, and the destructor then does nothing")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, threshold};
    post(ctx, [] { read_everything(); });
    ctx.run();
    CHECK(are(1, guard.blocks()));
    CHECK_THROWS_AS(guard.finish(), loop_blocked_error);
    CHECK_NOTHROW(guard.finish());
    CHECK(are(1, guard.blocks()));
    CHECK(guard.dropped() == 0);
}

TEST_CASE("the error tells every block, and can be copied")
{
    net::io_context ctx;
    try {
        no_loop_blocking guard{ctx, threshold};
        for (int i = 0; i < 2; ++i) {
            post(ctx, [] { read_everything(); });
            ctx.run();
            ctx.restart();
            sleep_through(5ms);
        }
        guard.finish();
        FAIL("no error");
    } catch (loop_blocked_error const& e) {
        auto const copy = e;
        CHECK(copy.blocks().size() == 2);
        CHECK_THAT(copy.what(), contains("block 1 ") && contains("block 2 ") && contains("read_everything"));
    }
}

TEST_CASE("an exception of the body comes first, and is not masked")
{
    net::io_context ctx;
    std::vector<block_report> seen;
    try {
        no_loop_blocking guard{ctx, {.threshold = threshold}, [&](block_report const& b) { seen.push_back(b); }};
        post(ctx, [] { read_everything(); });
        ctx.run();
        throw std::logic_error{"the body's own"};
    } catch (std::exception const& e) {
        CHECK(std::string{e.what()} == "the body's own");
    }
    CHECK(are(1, seen));
}

TEST_CASE("a guard in a destructor during unwinding may raise, if it is caught there")
{
    struct cleanup {
        bool& raised;
        ~cleanup()
        {
            net::io_context ctx;
            try {
                no_loop_blocking guard{ctx, threshold};
                post(ctx, [] { read_everything(); });
                ctx.run();
            } catch (loop_blocked_error const&) {
                raised = true;
            }
        }
    };
    bool raised = false;
    try {
        cleanup const c{raised};
        throw 1;
    } catch (int) {
    }
    CHECK(raised);
}

TEST_CASE("a log reports a block while it lasts, after 1 s and 2 s, and once more when it is over")
{
    net::io_context ctx;
    std::vector<block_report> words;
    truth t;
    {
        no_loop_blocking guard{
            ctx, {.threshold = threshold, .action = on_block::log}, [&](block_report const& b) { words.push_back(b); }};
        post(ctx, [&] { t = sleep_through(2300ms); });
        ctx.run();
        CHECK(are(1, guard.blocks()));
    }
    REQUIRE(are(3, words));
    CHECK_FALSE(words[0].ended);
    CHECK(words[0].duration >= 900ms);
    CHECK(words[0].duration < t.length());
    CHECK(stack_names(words[0], "sleep_through"));
    CHECK_FALSE(words[1].ended);
    CHECK(words[1].duration >= 1900ms);
    CHECK(words[2].ended);
    for (auto const& b : words) CHECK(b.number == 1);
}

TEST_CASE("a block under way when the guard ends elsewhere counts up to that moment")
{
    net::io_context ctx;
    auto const work = make_work_guard(ctx);
    std::thread runs{[&] { ctx.run(); }};
    std::vector<block_report> blocks;
    truth watched;
    {
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        std::promise<void> begun;
        std::promise<void> let_go;
        watched.began = test_clock::now();
        post(ctx, [&] {
            begun.set_value();
            wait_to_be_let_go(let_go);
        });
        begun.get_future().wait();
        sleep_through(60ms);
        CHECK(are(0, guard.blocks()));
        blocks = blocks_of([&] { guard.finish(); });
        watched.ended = test_clock::now();
        let_go.set_value();
    }
    ctx.stop();
    runs.join();
    REQUIRE(are(1, blocks));
    CHECK_FALSE(blocks[0].ended);
    CHECK(blocks[0].duration >= 40ms);
    CHECK(blocks[0].duration <= watched.length());
    CHECK(stack_names(blocks[0], "wait_to_be_let_go"));
}

TEST_CASE("a sink that throws loses nothing but its own call")
{
    net::io_context ctx;
    int calls = 0;
    no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [&](block_report const&) {
                               ++calls;
                               throw std::runtime_error{"the sink is broken"};
                           }};
    for (int i = 0; i < 2; ++i) {
        post(ctx, [] { read_everything(); });
        ctx.run();
        ctx.restart();
        sleep_through(5ms);
    }
    CHECK(are(2, guard.blocks()));
    CHECK(calls == 2);
    CHECK(guard.dropped() == 0);
}

TEST_CASE("a sink may ask its guard, and use guards of its own")
{
    net::io_context ctx;
    no_loop_blocking* watch = nullptr;
    std::size_t seen = 0;
    no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [&](block_report const&) {
                               seen = watch->blocks().size();
                               net::io_context own;
                               no_loop_blocking const inner{own, threshold};
                           }};
    watch = &guard;
    post(ctx, [] { read_everything(); });
    ctx.run();
    guard.finish();
    CHECK(seen == 1);
}

TEST_CASE("a guard that another one's sink ends does not call its own sink any more")
{
    net::io_context first;
    net::io_context second;
    std::promise<void> blocked;
    std::atomic<bool> has_ended{false};
    std::atomic<bool> called_late{false};
    std::uint64_t dropped = 0;
    no_loop_blocking other{second, {.threshold = threshold, .action = on_block::log}, [&](block_report const&) {
                               if (has_ended) called_late = true;
                           }};
    std::atomic<bool> done{false};
    no_loop_blocking guard{first, {.threshold = threshold, .action = on_block::log}, [&](block_report const&) {
                               if (done.exchange(true)) return;
                               blocked.get_future().wait();
                               CHECK(are(0, other.blocks()));  // it is handed over, but not reported
                               other.finish();
                               has_ended = true;
                               dropped = other.dropped();
                           }};
    post(first, [] { read_everything(); });
    first.run();
    post(second, [] { read_everything(); });
    second.run();
    blocked.set_value();
    guard.finish();
    REQUIRE(done);
    CHECK(dropped == 1);
    CHECK(are(0, other.blocks()));  // waits for what is still queued
    CHECK_FALSE(called_late);
}

namespace {

net::awaitable<int> upload(truth& t)
{
    t = read_everything();
    co_return 1;
}
net::awaitable<int> ingest(truth& t)
{
    int const n = co_await upload(t);
    co_return n + 1;
}
net::awaitable<void> session(truth& t)
{
    net::steady_timer timer{co_await net::this_coro::executor, 1ms};
    co_await timer.async_wait(net::use_awaitable);
    co_await ingest(t);
}

}  // namespace

TEST_CASE("the coroutines that await the running one are told, innermost first")
{
    net::io_context ctx;
    truth t;
    auto const blocks = blocks_of([&] {
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        co_spawn(ctx, session(t), net::detached);
        ctx.run();
    });
    REQUIRE(are(1, blocks));
    CHECK(stack_names(blocks[0], "upload"));
    REQUIRE(blocks[0].awaited_by.size() == 2);
    CHECK_THAT(blocks[0].awaited_by[0].function, contains("ingest"));
    CHECK_THAT(blocks[0].awaited_by[1].function, contains("session"));
    CHECK(blocks[0].awaited_by[1].coroutine);
    CHECK_THAT(blocks[0].awaited_by[1].file, contains("detection.test.cpp"));
    CHECK_THAT(to_string(blocks[0]), contains("awaited by\n    ") && contains("ingest"));
}

TEST_CASE("a handler that is no coroutine is awaited by nobody")
{
    net::io_context ctx;
    truth t;
    auto const blocks = blocks_of([&] {
        no_loop_blocking guard{ctx, {.threshold = threshold}};
        co_spawn(ctx, session(t), net::detached);
        ctx.run();
        ctx.restart();
        sleep_through(5ms);
        post(ctx, [] { spin_through(40ms); });
        ctx.run();
    });
    REQUIRE(are(2, blocks));
    CHECK(blocks[0].awaited_by.size() == 2);
    CHECK(blocks[1].awaited_by.empty());
}

}  // namespace detection_test
