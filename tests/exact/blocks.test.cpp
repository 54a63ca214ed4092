// SPDX-License-Identifier: BSL-1.0

// Blocks of loops whose threads write down what they run: what is exact then.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/running_loop.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <loopwatch/impl/platform/thread.hpp>

using namespace loopwatch;

namespace {

constexpr nanoseconds threshold = 20ms;
// What a busy machine adds is told, too: what counts is the length.
constexpr options quiet{.threshold = threshold, .action = on_block::log, .raise_on = cause_set::all()};
void ignore(block_report const&) {}

constexpr options of_each_thread()
{
    options how = quiet;
    how.scope = watch_scope::each_thread;
    return how;
}

/// How often threads of this name have slept, or lost their CPU.
long switches_of(std::string const& name)
{
    auto const contents = [](std::string const& file) {
        std::string text;
        if (std::FILE* const f = std::fopen(file.c_str(), "r")) {
            text.resize(4096);
            text.resize(std::fread(text.data(), 1, text.size(), f));
            std::fclose(f);
        }
        return text;
    };
    long sum = 0;
    DIR* const tasks = ::opendir("/proc/self/task");
    while (dirent const* const entry = ::readdir(tasks)) {  // NOLINT(concurrency-mt-unsafe): a stream of its own
        std::string const folder = std::string{"/proc/self/task/"} + entry->d_name;
        if (contents(folder + "/comm") != name + '\n') continue;
        std::string const status = contents(folder + "/status");
        for (auto const* const key : {"\nvoluntary_ctxt_switches:", "\nnonvoluntary_ctxt_switches:"})
            if (auto const at = status.find(key); at != status.npos)
                sum += std::atol(status.c_str() + at + std::string{key}.size());
    }
    ::closedir(tasks);
    return sum;
}

/// Threads that run a context, until they are told to end.
class pool {
public:
    explicit pool(std::size_t size)
    {
        for (std::size_t i = 0; i < size; ++i) threads_.emplace_back([this] { ctx.run(); });
    }
    pool(pool const&) = delete;
    pool& operator=(pool const&) = delete;
    ~pool() { finish(); }

    void finish()
    {
        ctx.stop();
        for (auto& each : threads_)
            if (each.joinable()) each.join();
    }

    net::io_context ctx;

private:
    net::executor_work_guard<net::io_context::executor_type> work_{ctx.get_executor()};
    std::vector<std::thread> threads_;
};

[[gnu::noinline]] void reads_a_file() { sleep_through(60ms); }

}  // namespace

TEST_CASE("each handler from the threshold on is told once, with its own length, and none below it")
{
    // Of handlers about as long as the threshold the machine decides on which side they are: so each says how long it
    // was.
    struct handler {
        std::chrono::system_clock::time_point began;
        nanoseconds length;
    };
    std::vector<handler> handlers;
    bool const is_busy = GENERATE(false, true);
    running_loop loop;
    no_loop_blocking guard{loop.ctx, quiet, &ignore};
    std::atomic<bool> ticks{is_busy};
    std::function<void()> tick = [&] {
        if (ticks) post(loop.ctx, [&] { tick(); });
    };
    if (is_busy) loop.in_loop(tick);
    for (auto const d : {5ms, 19ms, 20ms, 21ms, 23ms, 14ms, 30ms, 20ms, 45ms, 22ms, 19ms, 25ms}) {
        std::this_thread::sleep_for(std::chrono::microseconds{11'700});
        loop.in_loop([&] {
            auto const began = std::chrono::system_clock::now();
            handlers.push_back({began, sleep_through(d).length()});
        });
    }
    ticks = false;
    loop.finish();
    guard.finish();
    auto const blocks = guard.blocks();
    std::size_t told = 0;
    std::size_t exact = 0;
    for (handler const& each : handlers) {
        INFO(std::to_string(each.length.count()) + " ns");
        std::size_t of_it = 0;
        for (block_report const& block : blocks) {
            // Another one may be near, if the machine held up a tick.
            if (block.began_at < each.began - 5ms || block.began_at > each.began + 5ms) continue;
            if (block.duration < each.length) continue;
            ++of_it;
            if (block.duration_max == block.duration && block.duration < each.length + 2ms) ++exact;
        }
        if (each.length >= threshold) CHECK(of_it >= 1);
        told += of_it > 0 ? 1 : 0;
    }
    for (block_report const& block : blocks) CHECK(block.duration >= threshold);
    // On a busy machine the watchdog may be late for some, and a thread be kept from its CPU between two of its looks
    // at the clock.
    CHECK(exact * 2 >= told);
    if (!is_busy) CHECK(blocks.size() == told);
}

TEST_CASE("while all loops are idle neither they nor the watchdog wake up, and the next block is found")
{
    running_loop loop;
    loop.in_loop([] { ::pthread_setname_np(::pthread_self(), "idle-loop"); });
    no_loop_blocking guard{loop.ctx, quiet, &ignore};
    bool rested = false;
    // On a busy machine what was begun before may take its time.
    for (auto const until = test_clock::now() + 20s; !rested && test_clock::now() < until;) {
        std::this_thread::sleep_for(100ms);
        long const before = switches_of("loopwatch") + switches_of("idle-loop");
        std::this_thread::sleep_for(500ms);
        rested = switches_of("loopwatch") + switches_of("idle-loop") == before;
    }
    CHECK(rested);
    loop.in_loop([] { sleep_through(40ms); });
    loop.finish();
    CHECK(guard.blocks().size() == 1);
}

TEST_CASE("with each_thread one stuck thread of a pool is told of while it is, with its stack")
{
    pool all{4};
    std::atomic<std::size_t> under_way{0};
    std::atomic<std::int64_t> its_thread{0};
    no_loop_blocking guard{all.ctx, of_each_thread(), [&](block_report const& r) {
                               if (!r.ended && r.thread_id == its_thread && stack_names(r, "sleep_through"))
                                   ++under_way;
                           }};
    std::promise<void> ended;
    post(all.ctx, [&] {
        its_thread = detail::this_thread_number();
        sleep_through(1200ms);
        ended.set_value();
    });
    for (int i = 0; i < 100; ++i) {
        post(all.ctx, [] {});
        std::this_thread::sleep_for(10ms);
    }
    ended.get_future().wait();
    all.finish();
    auto const blocks = guard.blocks();
    CHECK(under_way == 1);  // at 1 s
    std::size_t of_it = 0;
    for (block_report const& each : blocks)
        if (each.thread_id == its_thread && each.duration >= 1200ms) ++of_it;
    CHECK(of_it == 1);
}

TEST_CASE("a pool of which one thread is stuck is not blocked, unless each thread counts")
{
    pool all{3};
    no_loop_blocking guard{all.ctx, quiet, &ignore};
    std::promise<nanoseconds> ended;
    post(all.ctx, [&] { ended.set_value(sleep_through(100ms).length()); });
    nanoseconds const length = ended.get_future().get();
    for (block_report const& each : guard.blocks()) CHECK(each.duration < length);  // the machine's, if any
}

TEST_CASE("two threads that are stuck at the same time are two blocks")
{
    pool all{3};
    no_loop_blocking guard{all.ctx, of_each_thread(), &ignore};
    std::promise<void> first;
    std::promise<void> second;
    post(all.ctx, [&] {
        sleep_through(150ms);
        first.set_value();
    });
    post(all.ctx, [&] {
        sleep_through(90ms);
        second.set_value();
    });
    first.get_future().wait();
    second.get_future().wait();
    std::this_thread::sleep_for(5ms);
    auto const blocks = guard.blocks();
    REQUIRE(blocks.size() >= 2);
    CHECK(blocks[0].number != blocks[1].number);
    CHECK(blocks[0].thread_id != blocks[1].thread_id);
    CHECK(blocks[0].duration >= 90ms);
    CHECK(blocks[1].duration >= 150ms);
}

TEST_CASE("a watch of each thread ends while some of them are stuck, in whatever way, and others are about to be")
{
    constexpr std::size_t size = 4;
    for (int i = 0; i < 5; ++i) {
        pool threads{size};
        std::atomic<bool> goes_on{true};
        std::atomic<std::size_t> done{0};
        {
            no_loop_blocking const guard{threads.ctx, of_each_thread(), &ignore};
            for (std::size_t each = 0; each < size; ++each)
                post(threads.ctx, [&, each] {
                    while (goes_on)
                        if (each % 2 == 0) sleep_through(1ms);
                    ++done;
                });
            sleep_through(threshold * 2 + i * 1ms);
        }
        goes_on = false;
        while (done < size) std::this_thread::yield();
    }
}

TEST_CASE("where heartbeats are to be rare each handler is told of, too")
{
    running_loop loop;
    std::size_t told = 0;
    {
        options rare = quiet;
        rare.heartbeat_interval = threshold;
        no_loop_blocking const guard{loop.ctx, rare, [&](block_report const&) { ++told; }};
        for (int i = 0; i < 10; ++i) {
            for (int k = 0; k < 5; ++k) post(loop.ctx, [] { sleep_through(threshold / 12); });
            loop.in_loop([] { sleep_through(threshold * 9 / 8); });
            sleep_through(1ms);
        }
    }
    CHECK(told >= 10);
}

TEST_CASE("a loop that was stopped for long is watched from the first handler on that it runs again")
{
    net::io_context ctx;
    net::executor_work_guard<net::io_context::executor_type> const work{ctx.get_executor()};
    std::atomic<std::size_t> told{0};
    no_loop_blocking const guard{ctx,
                                 {.threshold = 10ms, .action = on_block::log, .raise_on = cause_set::all()},
                                 [&](block_report const&) { ++told; }};
    std::size_t stalls = 0;
    std::thread{[&] {
        post(ctx, [&] { ctx.stop(); });
        ctx.run();
        for (; stalls < 8; ++stalls) {
            ctx.restart();
            post(ctx, [&] {
                sleep_through(8ms);  // long enough for a heartbeat, which waits behind the next one
                ctx.stop();
            });
            post(ctx, [] { sleep_through(30ms); });
            post(ctx, [&] { ctx.stop(); });
            ctx.run();
            sleep_through(200ms + stalls * 7ms);
            ctx.restart();
            ctx.run();
        }
    }}.join();
    for (int i = 0; told < stalls && i < 100; ++i) sleep_through(10ms);
    CHECK(told >= stalls);
}

TEST_CASE("a handler that runs its loop itself does not hold it")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = 50ms, .action = on_block::log}, &ignore};
    bool const each_time = GENERATE(true, false);
    post(ctx, [&] {
        auto const until = test_clock::now() + 300ms;
        while (test_clock::now() < until) {
            ctx.poll();
            if (each_time) std::this_thread::sleep_for(1ms);
        }
    });
    ctx.run();
    CHECK(guard.blocks().empty());
}

TEST_CASE("the report says which handler it was")
{
    running_loop loop;
    no_loop_blocking guard{loop.ctx, quiet, &ignore};
    SECTION("of a timer")
    {
        net::steady_timer timer{loop.ctx, 50ms};
        std::promise<void> done;
        timer.async_wait([&](auto) {
            reads_a_file();
            done.set_value();
        });
        done.get_future().wait();
        loop.finish();
        auto const blocks = guard.blocks();
        REQUIRE(!blocks.empty());
        CHECK(blocks[0].handler.operation == "async_wait");
        CHECK(blocks[0].handler.completion_handler.find("TEST_CASE") != std::string::npos);
        CHECK(blocks[0].handler.started >= 50ms);
        CHECK(blocks[0].handler.queued >= nanoseconds{0});  // since it expired
        CHECK(blocks[0].handler.queued < blocks[0].handler.started - 25ms);
    }
#if defined(ASIO_ENABLE_HANDLER_TRACKING) && __cpp_lib_source_location
    SECTION("of a coroutine, and where it waited")
    {
        unsigned line = 0;
        auto const waits = [&]() -> net::awaitable<void> {
            net::steady_timer timer{loop.ctx, 10ms};
            line = __LINE__ + 1;
            co_await timer.async_wait(net::use_awaitable_t<>{});
            reads_a_file();
        };
        co_spawn(loop.ctx, waits, net::detached);
        loop.finish();
        auto const blocks = guard.blocks();
        REQUIRE(!blocks.empty());
        CHECK(blocks[0].handler.completion_handler == "coroutine");
        CHECK(blocks[0].handler.file.ends_with("blocks.test.cpp"));
        CHECK(blocks[0].handler.line == line);
    }
    SECTION("of a coroutine that was spawned or dispatched within another one's wait")
    {
        unsigned line = 0;
        auto const waits = [&]() -> net::awaitable<void> {
            co_await net::dispatch(loop.ctx, net::use_awaitable_t<>{});
            net::steady_timer timer{loop.ctx, 10ms};
            line = __LINE__ + 1;
            co_await timer.async_wait(net::use_awaitable_t<>{});
            reads_a_file();
        };
        auto const parent = [&]() -> net::awaitable<void> {
            co_await net::co_spawn(loop.ctx, waits, net::use_awaitable_t<>{});
        };
        co_spawn(loop.ctx, parent, net::detached);
        loop.finish();
        auto const blocks = guard.blocks();
        REQUIRE(!blocks.empty());
        CHECK(blocks[0].handler.file.ends_with("blocks.test.cpp"));
        CHECK(blocks[0].handler.line == line);
    }
#endif
    SECTION("of what was posted, and how long it waited")
    {
        loop.in_loop([&] {
            post(loop.ctx, [] { reads_a_file(); });
            sleep_through(10ms);
        });
        loop.finish();
        auto const blocks = guard.blocks();
        REQUIRE(!blocks.empty());
        CHECK(blocks[0].handler.operation == "post");
        CHECK(blocks[0].handler.queued >= 10ms);
    }
}

TEST_CASE("too many handlers, none of them long, are counted by their types")
{
    running_loop loop;
    no_loop_blocking guard{loop.ctx, quiet, &ignore};
    loop.in_loop([&] {
        for (int i = 0; i < 60; ++i) post(loop.ctx, [] { spin_through(1ms); });
    });
    loop.finish();
    bool told = false;
    for (block_report const& each : guard.blocks()) {
        if (each.cause != cause::backlog) continue;
        told = true;
        REQUIRE(!each.handlers_run.empty());
        CHECK(each.handlers_run[0].completion_handler.find("{lambda}") != std::string::npos);
        CHECK(each.handlers_run[0].count >= 10);
    }
    CHECK(told);
}

TEST_CASE("a guard within a handler answers for what is within it")
{
    running_loop loop;
    std::vector<block_report> blocks;
    loop.in_loop([&] {
        sleep_through(60ms);  // before the guard
        no_loop_blocking guard{loop.ctx, quiet, &ignore};
        sleep_through(30ms);
        guard.finish();
        blocks = guard.blocks();
    });
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].duration >= 30ms);
    CHECK(blocks[0].duration < 60ms + 30ms);
}

TEST_CASE("a backlog's handlers are counted also where other threads take the records of those that have ended")
{
    running_loop loop;
    loop.in_loop([] {});
    no_loop_blocking guard{loop.ctx, quiet, &ignore};
    // Heartbeats run on this thread, too, until it ends.
    std::atomic<bool> helps{true};
    std::function<void()> const again = [&] {
        spin_through(10us);
        if (helps) post(loop.ctx, again);
    };
    std::thread helper{[&] {
        post(loop.ctx, again);
        post(loop.ctx, again);
        loop.ctx.run_for(10 * threshold);
    }};
    helper.join();
    helps = false;
    std::promise<void> is_late;
    constexpr int all = 200;
    loop.in_loop([&] {
        for (int i = 0; i < all; ++i)
            post(loop.ctx, [&, i] {
                spin_through(1ms);
                if (i == all / 2) is_late.set_value();
            });
    });
    is_late.get_future().wait();
    std::vector<std::thread> others;
    for (int i = 0; i < 40; ++i)
        others.emplace_back([&] {
            net::io_context ctx;
            post(ctx, [] {});
            ctx.run();
            std::this_thread::sleep_for(all * 2ms);
        });
    loop.finish();
    for (std::thread& each : others) each.join();
    bool told = false;
    for (block_report const& each : guard.blocks())
        for (handler_count const& of : each.handlers_run) {
            told = true;
            CHECK(of.count <= 100'000);
        }
    CHECK(told);
}

#if !LOOPWATCH_HAS_TSAN()  // which allows such a child no threads
TEST_CASE("the child of a fork watches its loops exactly, too")
{
    running_loop loop;
    no_loop_blocking guard{loop.ctx, quiet, &ignore};
    loop.in_loop([] {});
    pid_t const child = ::fork();
    if (child == 0) {
        ::alarm(60);
        net::io_context ctx;
        no_loop_blocking own{ctx, quiet, &ignore};
        nanoseconds length{};
        post(ctx, [&] { length = sleep_through(50ms).length(); });
        ctx.run();
        auto const blocks = own.blocks();
        bool const right = blocks.size() == 1 && blocks[0].duration >= length &&
                           blocks[0].duration_max == blocks[0].duration && blocks[0].handler.operation == "post";
        ::_exit(right ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
#endif
