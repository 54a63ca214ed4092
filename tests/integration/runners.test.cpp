// SPDX-License-Identifier: BSL-1.0

// Which threads run a loop, and whether any does: a loop is not blamed for another one on its thread, and is watched
// wherever it goes.
#include "support/catch.hpp"
#include "support/how_many.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <barrier>
#include <csignal>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace runners_test {

using loopwatch::block_report;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;

namespace {

// What the loop that is not run, or only now and then, waits in these tests is many times this.
constexpr auto threshold = 20ms;
constexpr auto long_enough = 600ms;

/// A loop that is busy with short handlers on this thread, and does something else now and then.
void run_busy_loop(net::io_context& busy, std::function<void()> const& now_and_then)
{
    auto const end = test_clock::now() + long_enough;
    std::function<void()> const handler = [&] {
        spin_through(1ms);
        if (test_clock::now() < end) post(busy, handler);
    };
    net::steady_timer timer{busy};
    std::function<void()> const tick = [&] {
        timer.expires_after(100ms);
        timer.async_wait([&](auto) {
            now_and_then();
            if (test_clock::now() < end) tick();
        });
    };
    post(busy, handler);
    tick();
    busy.run();
}

struct seen {
    void operator()(block_report const& b)
    {
        std::lock_guard const hold{mutex};
        (b.ended ? blocks : words).push_back(b);
    }
    std::mutex mutex;
    std::vector<block_report> blocks;
    std::vector<block_report> words;
};

std::optional<no_loop_blocking>& watch(std::optional<no_loop_blocking>& guard, net::io_context& ctx, bool erased,
                                       seen& to)
{
    loopwatch::options const how{.threshold = threshold, .action = on_block::log};
    auto const note = [&](block_report const& b) { to(b); };
    if (erased)
        guard.emplace(net::any_io_executor{ctx.get_executor()}, how, note);
    else
        guard.emplace(ctx, how, note);
    return guard;
}

/// An executor of the user's own for a context of Asio's.
class wrapped_executor {
public:
    explicit wrapped_executor(net::io_context& context) : context_{&context} {}

    static constexpr net::execution::blocking_t query(net::execution::blocking_t)
    {
        return net::execution::blocking.never;
    }
    [[nodiscard]] net::execution_context& query(net::execution::context_t) const noexcept { return *context_; }
    [[nodiscard]] net::io_context& context() const noexcept { return *context_; }
    template <typename Handler>
    void execute(Handler handler) const
    {
        post(*context_, [kept = std::make_shared<Handler>(std::move(handler))] { (*kept)(); });
    }
    [[maybe_unused]] friend bool operator==(wrapped_executor const&, wrapped_executor const&) noexcept = default;

private:
    net::io_context* context_;
};

[[gnu::noinline]] void stays() { sleep_through(12 * threshold); }
[[gnu::noinline]] void leaves() { sleep_through(3 * threshold); }

/// User and system time, of all threads.
nanoseconds cpu_time_of_process() { return nanoseconds{std::chrono::seconds{1} * std::clock() / CLOCKS_PER_SEC}; }

}  // namespace

TEST_CASE("a loop that is stopped hides no block of another, and costs nothing")
{
    net::io_context stopped;
    stopped.run();  // out of work
    no_loop_blocking const beside{stopped, {.threshold = threshold, .action = on_block::log}};
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
    auto const began = cpu_time_of_process();
    sleep_through(5 * threshold);
    post(ctx, [] { sleep_through(10 * threshold); });
    ctx.run();
    CHECK(cpu_time_of_process() - began < 5 * threshold);
    auto const all = all_seen_by(guard);
    REQUIRE(are(1, all));
    CHECK(all[0].own_duration > 3 * threshold);  // what a busy machine takes off is not as much
}

// Where neither stacks nor lists can be had there is nothing to know it by.
#if LOOPWATCH_HAS_SIGNAL_CAPTURE()

TEST_CASE("a loop is not blamed for another that its thread runs")
{
    bool const erased = GENERATE(false, true);
    net::io_context ctx;
    net::io_context busy;
    seen all;
    std::optional<no_loop_blocking> guard;
    watch(guard, ctx, erased, all);
    auto const work = make_work_guard(ctx);
    SECTION("it is polled by a handler of the other now and then")
    {
        run_busy_loop(busy, [&] {
            ctx.restart();
            ctx.poll();
        });
    }
    SECTION("it was stopped")
    {
        post(ctx, [&] { ctx.stop(); });
        ctx.run();
        run_busy_loop(busy, [] {});
    }
    SECTION("it was left by an exception")
    {
        post(ctx, [] { throw 1; });
        CHECK_THROWS_AS(ctx.run(), int);
        run_busy_loop(busy, [] {});
    }
    SECTION("it was never run")
    {
        run_busy_loop(busy, [] {});
    }
    SECTION("it is run by a handler of the other, and then a handler of the other is long")
    {
        post(busy, [&] {
            ctx.poll();
            spin_through(5 * threshold);
        });
        busy.run();
    }
    guard->finish();
    CHECK(all.blocks.empty());
    CHECK(all.words.empty());
}

TEST_CASE("a loop that runs another inside a handler is blocked by that")
{
    net::io_context ctx;
    net::io_context inner;
    seen all;
    std::optional<no_loop_blocking> guard;
    watch(guard, ctx, false, all);
    post(inner, [] { spin_through(5 * threshold); });
    post(ctx, [&] { inner.run(); });
    ctx.run();
    guard->finish();
    REQUIRE(all.blocks.size() == 1);
    CHECK(culprit_is(all.blocks[0], "spin_through"));
}

TEST_CASE("the first handler of a loop's new thread is seen to block it")
{
    bool const erased = GENERATE(false, true);
    net::io_context ctx;
    seen all;
    std::optional<no_loop_blocking> guard;
    watch(guard, ctx, erased, all);
    auto work = std::optional{make_work_guard(ctx)};
    nanoseconds longest{};  // of these handlers: on a busy machine one takes as long as it is given no CPU
    auto const block = [&] { post(ctx, [&] { longest = std::max(longest, spin_through(4 * threshold).length()); }); };
    std::size_t expected = 1;
    SECTION("each time that the old one has ended")
    {
        work.reset();
        expected = 5;
        for (std::size_t i = 0; i < expected; ++i) {
            ctx.restart();
            block();
            std::thread{[&] { ctx.run(); }}.join();
        }
    }
    SECTION("the old one goes on with something else")
    {
        ctx.run_for(50ms);
        block();
        post(ctx, [&] { work.reset(); });
        std::thread t{[&] { ctx.run(); }};
        sleep_through(long_enough);
        t.join();
    }
    SECTION("nobody ran it for long, while the handler already stood before the heartbeat")
    {
        ctx.run_for(5ms);
        block();
        post(ctx, [&] { work.reset(); });
        sleep_through(long_enough);
        std::thread{[&] { ctx.run(); }}.join();
    }
    SECTION("a handler's exception has left it, and another thread takes over")
    {
        std::thread{[&] {
            net::steady_timer later{ctx, 5ms};
            later.async_wait([](auto) { throw 1; });
            CHECK_THROWS_AS(ctx.run(), int);
        }}.join();
        block();
        post(ctx, [&] { work.reset(); });
        sleep_through(long_enough);
        std::thread{[&] { ctx.run(); }}.join();
    }
    guard->finish();
    std::string text;
    for (block_report const& b : all.blocks) text += to_string(b);
    for (block_report const& b : guard->excused()) text += to_string(b);
    INFO(text);
    REQUIRE(all.blocks.size() == expected);
    for (block_report const& b : all.blocks) {
        INFO(to_string(b));
        CHECK(culprit_is(b, "spin_through"));
        CHECK(b.duration < longest + long_enough);  // nobody ran it before
    }
}

TEST_CASE("while the first handler of a loop's new thread lasts, it is said")
{
    net::io_context ctx;
    seen all;
    std::optional<no_loop_blocking> guard;
    watch(guard, ctx, false, all);
    for (int i = 0; i < 2; ++i) {
        ctx.restart();
        post(ctx, [] { sleep_through(1500ms); });
        std::thread{[&] { ctx.run(); }}.join();
    }
    guard->finish();
    CHECK(all.blocks.size() == 2);
    REQUIRE(all.words.size() == 2);
    for (block_report const& b : all.words) CHECK(stack_names(b, "sleep_through"));
}

TEST_CASE("a block ends where an exception leaves the loop, and not where another thread takes over")
{
    net::io_context ctx;
    seen all;
    std::optional<no_loop_blocking> guard;
    watch(guard, ctx, false, all);
    truth t{};
    std::thread{[&] {
        post(ctx, [] {});
        ctx.run();
        ctx.restart();
        post(ctx, [&] {
            t = spin_through(4 * threshold);
            throw 1;
        });
        CHECK_THROWS_AS(ctx.run(), int);
    }}.join();
    sleep_through(long_enough);
    std::thread{[&] { ctx.run(); }}.join();
    guard->finish();
    REQUIRE(all.blocks.size() == 1);
    CHECK(all.blocks[0].duration <= t.length() + 50ms);
    CHECK(culprit_is(all.blocks[0], "spin_through"));
}

TEST_CASE("of two threads that held a context the one that stayed is shown")
{
    auto const run = [](net::io_context& ctx) {
        try {
            ctx.run();
        } catch (int) {
        }
    };
    auto const leaving = [] {
        leaves();
        throw 1;
    };
    for (int i = 0; i < 6; ++i) {
        net::io_context ctx;
        std::barrier both{3};
        for (int thread = 0; thread < 2; ++thread) post(ctx, [&] { both.arrive_and_wait(); });
        std::thread one{[&] { run(ctx); }};
        std::thread other{[&] { run(ctx); }};
        auto work = make_work_guard(ctx);
        both.arrive_and_wait();
        no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
        // Either thread may be the one that is known first.
        if (i % 2 == 0) post(ctx, leaving);
        post(ctx, stays);
        if (i % 2 != 0) post(ctx, leaving);
        work.reset();
        one.join();
        other.join();
        guard.finish();
        auto const blocks = guard.blocks();
        REQUIRE(are(1, blocks));
        INFO(to_string(blocks[0]));
        CHECK(stack_names(blocks[0], "stays"));
    }
}

TEST_CASE("a loop behind a user's executor that was stopped in a block is watched from its restart on")
{
    net::io_context ctx;
    no_loop_blocking guard{
        wrapped_executor{ctx}, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
    ctx.run_for(60ms);
    ctx.restart();
    auto const work = make_work_guard(ctx);
    post(ctx, [&] {
        sleep_through(5 * threshold);
        ctx.stop();
        sleep_through(threshold);
    });
    post(ctx, [] { sleep_through(10 * threshold); });  // before the heartbeat that waits
    ctx.run();
    ctx.restart();
    ctx.run_for(500ms);
    auto const all = all_seen_by(guard);
    CHECK(are(2, all));
    for (block_report const& b : all) CHECK(b.duration > 3 * threshold);
}

TEST_CASE("a block is told also where its thread can be looked at only when it has left the loop")
{
    net::io_context ctx;
    seen all;
    std::optional<no_loop_blocking> guard;
    watch(guard, ctx, false, all);
    constexpr std::size_t rounds = 3;
    std::thread{[&] {
        sigset_t every{};
        sigfillset(&every);
        for (std::size_t i = 0; i < rounds; ++i) {
            post(ctx, [&] {
                pthread_sigmask(SIG_BLOCK, &every, nullptr);
                spin_through(2 * threshold);
                throw 1;
            });
            CHECK_THROWS_AS(ctx.run(), int);
            pthread_sigmask(SIG_UNBLOCK, &every, nullptr);
            sleep_through(threshold);
        }
    }}.join();
    guard->finish();
    CHECK(all.blocks.size() + guard->excused().size() == rounds);
}

#endif

}  // namespace runners_test
