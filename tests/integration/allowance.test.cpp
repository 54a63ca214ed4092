// SPDX-License-Identifier: BSL-1.0

// What a program allows itself is taken off its blocks, and nothing else is.
#include "support/catch.hpp"
#include "support/how_many.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace allowance_test {

using loopwatch::allow_blocking;
using loopwatch::block_report;
using loopwatch::disallow_blocking;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;

namespace {

constexpr auto threshold = 10ms;

/// From a block are taken off all that was allowed and all that its thread waited for a CPU, though one may lie in the
/// other. So what is to be blamed besides something allowed is longer than a busy machine keeps a thread waiting.
constexpr auto beyond_all_waits = 200ms;

struct outcome {
    std::vector<block_report> blocks;
    std::vector<block_report> excused;
    truth ran{};  // the whole run: what of it was not allowed is more than any block's own
};

template <typename Start>
outcome watch(Start start, loopwatch::options const& options = {.threshold = threshold, .action = on_block::log})
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, options, [](block_report const&) {}};
    start(ctx);
    truth ran{test_clock::now(), {}};
    ctx.run();
    ran.ended = test_clock::now();
    guard.finish();
    outcome seen{guard.blocks(), guard.excused(), ran};
    drop_starved(seen.excused);
    return seen;
}

template <typename Work>
outcome handler(Work work)
{
    return watch([&](net::io_context& ctx) { post(ctx, work); });
}

[[gnu::noinline]] truth allowed_part(nanoseconds d) { return sleep_through(d); }
[[gnu::noinline]] truth own_part(nanoseconds d) { return sleep_through(d); }

std::string all_of(outcome const& seen)
{
    std::string text;
    for (auto const& r : seen.blocks) text += to_string(r);
    for (auto const& r : seen.excused) text += to_string(r);
    return text;
}

/// Those that show a handler of the test. Where one thread is held and the other is free, a busy machine may keep the
/// free one from its CPU, and the held one is shown.
std::vector<block_report> in_part(std::vector<block_report> all)
{
    std::erase_if(all, [](block_report const& r) { return !stack_names(r, "_part("); });
    return all;
}

/// Only those threads of a pool of two are known on which a heartbeat has run: holds each, while the other runs them.
template <typename Pool>
void let_heartbeats_run_on_both(Pool& pool)
{
    std::mutex mutex;
    std::vector<std::thread::id> held;
    std::atomic<bool> busy{false};
    while (held.size() < 2) {
        busy = true;
        post(pool, [&] {
            {
                std::lock_guard const hold{mutex};
                bool const is_new = std::ranges::find(held, std::this_thread::get_id()) == held.end();
                if (is_new) held.push_back(std::this_thread::get_id());
                if (is_new) sleep_through(100ms);
            }
            busy = false;
        });
        while (busy) std::this_thread::sleep_for(1ms);
    }
}

bool is_unused(std::string const& reason)
{
    auto const unused = loopwatch::unused_allowances();
    return std::ranges::find(unused, reason) != unused.end();
}

}  // namespace

TEST_CASE("what blocks in an allowance is excused", "[allowance]")
{
    auto const seen = handler([] {
        allow_blocking const scope{"reload certificates"};
        allowed_part(beyond_all_waits);
    });
    INFO(all_of(seen));
    CHECK(seen.blocks.empty());
    REQUIRE(seen.excused.size() == 1);
    CHECK_THAT(seen.excused[0].excuse, contains("allowed: reload certificates ("));
    CHECK(seen.excused[0].own_duration < threshold);
    CHECK(seen.excused[0].duration > 30ms);
    CHECK(seen.excused[0].cause == loopwatch::cause::blocking_call);
    CHECK(culprit_is(seen.excused[0], "sleep_through"));
    CHECK_THAT(to_string(seen.excused[0]), contains("and not blamed: allowed: reload certificates ("));
}

TEST_CASE("an allowance raises nothing", "[allowance]")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = threshold}, [](block_report const&) { FAIL_CHECK("sink"); }};
    post(ctx, [] {
        allow_blocking const scope{"reload certificates"};
        sleep_through(60ms);
    });
    ctx.run();
    CHECK_NOTHROW(guard.finish());
}

TEST_CASE("an allowance says nothing where nothing blocks", "[allowance]")
{
    auto const seen = watch([](net::io_context& ctx) {
        for (int i = 0; i < 100; ++i)
            post(ctx, [] {
                allow_blocking const scope{"never needed", 200ms};
                disallow_blocking const inside;
            });
    });
    INFO(all_of(seen));
    CHECK(seen.blocks.empty());
    CHECK(std::ranges::none_of(seen.excused, [](block_report const& r) { return r.excuse.starts_with("allowed"); }));
    CHECK(is_unused("never needed"));
}

TEST_CASE("without an allowance, or outside of it, blocks are blamed", "[allowance]")
{
    auto const over = [] { allow_blocking const scope{"over before it blocks"}; };
    auto const seen = handler([&] {
        over();
        own_part(60ms);
        over();
    });
    INFO(all_of(seen));
    REQUIRE(seen.blocks.size() == 1);
    CHECK(seen.blocks[0].own_duration > 30ms);
    CHECK_THAT(seen.blocks[0].evidence, !contains("allowed"));
    CHECK(is_unused("over before it blocks"));
}

TEST_CASE("only the part outside of an allowance is blamed, and shown", "[allowance]")
{
    truth allowed;
    SECTION("after it")
    {
        auto const seen = handler([&] {
            {
                allow_blocking const scope{"reload certificates"};
                allowed = allowed_part(60ms);
            }
            own_part(beyond_all_waits);
        });
        INFO(all_of(seen));
        REQUIRE(seen.blocks.size() == 1);
        auto const& block = seen.blocks[0];
        CHECK(block.own_duration <= seen.ran.length() - allowed.length());
        CHECK(block.own_duration >= threshold);
        CHECK(block.duration > block.own_duration + 40ms);
        CHECK(stack_names(block, "own_part"));
        CHECK_FALSE(stack_names(block, "allowed_part"));
        CHECK_THAT(block.evidence, contains("allowed: reload certificates ("));
        CHECK_THAT(to_string(block), contains(" of it its own (threshold"));
    }
    SECTION("before it")
    {
        auto const seen = handler([&] {
            own_part(beyond_all_waits);
            allow_blocking const scope{"reload certificates"};
            allowed = allowed_part(60ms);
        });
        INFO(all_of(seen));
        REQUIRE(seen.blocks.size() == 1);
        CHECK(seen.blocks[0].own_duration <= seen.ran.length() - allowed.length());
        CHECK(stack_names(seen.blocks[0], "own_part"));
    }
    SECTION("too short to be one")
    {
        auto const seen = handler([&] {
            {
                allow_blocking const scope{"reload certificates"};
                allowed_part(60ms);
            }
            spin_through(1ms);
        });
        INFO(all_of(seen));
        CHECK(seen.blocks.empty());
        REQUIRE(seen.excused.size() == 1);
    }
    SECTION("of another kind: its cause is told")
    {
        auto const seen = handler([&] {
            {
                allow_blocking const scope{"reload certificates"};
                allowed_part(100ms);
            }
            spin_through(80ms);
        });
        INFO(all_of(seen));
        REQUIRE(seen.blocks.size() == 1);
        CHECK(seen.blocks[0].cause == loopwatch::cause::cpu);
        CHECK(culprit_is(seen.blocks[0], "spin_through"));
    }
}

TEST_CASE("a budget excuses what is within it, and blames what is beyond", "[allowance]")
{
    SECTION("within")
    {
        auto const seen = handler([] {
            allow_blocking const scope{"reload certificates", 10s};
            allowed_part(60ms);
        });
        INFO(all_of(seen));
        CHECK(seen.blocks.empty());
        REQUIRE(seen.excused.size() == 1);
    }
    SECTION("beyond")
    {
        auto const seen = handler([] {
            allow_blocking const scope{"a budget of 50", 50ms};
            allowed_part(100ms);
        });
        INFO(all_of(seen));
        REQUIRE(seen.blocks.size() == 1);
        CHECK(seen.blocks[0].own_duration <= seen.ran.length() - 50ms);
        CHECK(seen.blocks[0].own_duration > 0ms);
        CHECK_THAT(seen.blocks[0].evidence, contains("ms over the 50.0 ms allowed for \"a budget of 50\""));
        CHECK_FALSE(is_unused("a budget of 50"));
    }
    SECTION("beyond, by less than the threshold")
    {
        // By no more than a threshold that is long beside what a busy machine makes of it.
        auto const seen = watch(
            [](net::io_context& ctx) {
                post(ctx, [] {
                    allow_blocking const scope{"reload certificates", 100ms};
                    allowed_part(290ms);
                });
            },
            {.threshold = 200ms, .heartbeat_interval = 5ms, .action = on_block::log});
        INFO(all_of(seen));
        REQUIRE(seen.blocks.size() == 1);
        CHECK_THAT(seen.blocks[0].evidence, contains(" over the 100.0 ms allowed for "));
    }
    SECTION("within, by each of several")
    {
        auto const seen = handler([] {
            for (int i = 0; i < 3; ++i) {
                allow_blocking const scope{"reload certificates", 10s};
                allowed_part(30ms);
            }
        });
        INFO(all_of(seen));
        CHECK(seen.blocks.empty());
        CHECK(seen.excused.size() == 1);
    }
}

TEST_CASE("the innermost scope decides", "[allowance]")
{
    SECTION("disallow inside")
    {
        auto const seen = handler([] {
            allow_blocking const scope{"reload certificates"};
            disallow_blocking const inside;
            own_part(60ms);
        });
        INFO(all_of(seen));
        REQUIRE(seen.blocks.size() == 1);
        CHECK(stack_names(seen.blocks[0], "own_part"));
    }
    SECTION("and allowed again in that")
    {
        auto const seen = handler([] {
            disallow_blocking const nothing_yet;
            allow_blocking const scope{"outer"};
            disallow_blocking const inside;
            allow_blocking const innermost{"innermost"};
            allowed_part(60ms);
        });
        INFO(all_of(seen));
        CHECK(seen.blocks.empty());
        REQUIRE(seen.excused.size() == 1);
        CHECK_THAT(seen.excused[0].excuse, contains("innermost") && !contains("outer"));
    }
    SECTION("several names in one block")
    {
        auto const seen = handler([] {
            allow_blocking const scope{"the shorter"};
            allowed_part(20ms);
            allow_blocking const inner{"the longer", 10s};
            allowed_part(60ms);
        });
        INFO(all_of(seen));
        CHECK(seen.blocks.empty());
        REQUIRE(seen.excused.size() == 1);
        auto const& excuse = seen.excused[0].excuse;
        CHECK(excuse.find("the longer (") < excuse.find("the shorter ("));
        CHECK(excuse.find("the shorter (") != excuse.npos);
    }
}

TEST_CASE("scopes end in any order", "[allowance]")
{
    auto const seen = handler([] {
        auto first = std::make_unique<allow_blocking>("the first");
        auto second = std::make_unique<allow_blocking>("the second");
        allowed_part(30ms);
        first.reset();
        allowed_part(30ms);
        second.reset();
        own_part(60ms);
    });
    INFO(all_of(seen));
    REQUIRE(seen.blocks.size() == 1);
    CHECK(stack_names(seen.blocks[0], "own_part"));
    CHECK(seen.blocks[0].duration > seen.blocks[0].own_duration + 40ms);
    CHECK_THAT(seen.blocks[0].evidence, contains("the second") && !contains("the first"));
}

TEST_CASE("only the blocking thread's allowance counts", "[allowance]")
{
    SECTION("another one's, which blocks nothing")
    {
        std::latch opened{1};
        std::atomic<bool> over{false};
        std::thread other{[&] {
            allow_blocking const scope{"of another thread"};
            opened.count_down();
            while (!over) std::this_thread::sleep_for(1ms);
        }};
        opened.wait();
        auto const seen = handler([] { own_part(60ms); });
        over = true;
        other.join();
        INFO(all_of(seen));
        CHECK(seen.blocks.size() == 1);
        CHECK(is_unused("of another thread"));
    }
    SECTION("of a pool whose threads all block, the one that was not allowed to")
    {
        net::thread_pool pool{2};
        no_loop_blocking guard{pool, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
        let_heartbeats_run_on_both(pool);
        std::latch both{2};
        post(pool, [&] {
            allow_blocking const scope{"one of two"};
            both.arrive_and_wait();
            allowed_part(100ms);
        });
        post(pool, [&] {
            both.arrive_and_wait();
            own_part(100ms);
        });
        pool.join();
        guard.finish();
        outcome const seen{in_part(guard.blocks()), {}};
        INFO(all_of(seen));
        REQUIRE(seen.blocks.size() == 1);
        CHECK(stack_names(seen.blocks[0], "own_part"));
        CHECK(seen.blocks[0].own_duration > 50ms);
    }
    SECTION("of a pool whose threads were all allowed, none")
    {
        net::thread_pool pool{2};
        no_loop_blocking guard{pool, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
        let_heartbeats_run_on_both(pool);
        std::latch both{2};
        for (int i = 0; i < 2; ++i)
            post(pool, [&] {
                allow_blocking const scope{"both of two"};
                both.arrive_and_wait();
                allowed_part(100ms);
            });
        pool.join();
        guard.finish();
        outcome seen{in_part(guard.blocks()), in_part(guard.excused())};
        drop_starved(seen.excused);
        INFO(all_of(seen));
        CHECK(seen.blocks.empty());
        CHECK(seen.excused.size() == 1);
    }
}

TEST_CASE("a strand that is held by a thread that nobody knows yet", "[allowance]")
{
    bool const allowed = GENERATE(true, false);
    net::thread_pool pool{2};
    auto const strand = net::make_strand(pool);
    std::latch started{1};
    std::atomic<bool> released{false};
    post(pool, [&] {
        started.count_down();
        while (!released) std::this_thread::yield();
    });
    started.wait();
    // From here on heartbeats run on the other thread only.
    no_loop_blocking guard{strand, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
    std::this_thread::sleep_for(50ms);
    post(pool, [&] {
        post(strand, [&] {
            std::optional<allow_blocking> scope;
            if (allowed) scope.emplace("on a strand");
            own_part(80ms);
        });
        released = true;
        std::this_thread::sleep_for(1ms);  // so that it is run by the thread that is free now
    });
    pool.join();
    guard.finish();
    outcome seen{guard.blocks(), guard.excused()};
    drop_starved(seen.excused);
    INFO(all_of(seen));
    CHECK(seen.blocks.size() == (allowed ? 0 : 1));
    CHECK(seen.excused.size() == (allowed ? 1 : 0));
}

TEST_CASE("an allowance covers the other handlers of its thread, until it ends on whatever thread", "[allowance]")
{
    std::unique_ptr<allow_blocking> scope;
    auto const seen = watch([&](net::io_context& ctx) {
        post(ctx, [&] { scope = std::make_unique<allow_blocking>("held between handlers"); });
        post(ctx, [&] { allowed_part(60ms); });
        post(ctx, [&] {
            std::thread{[&] { scope.reset(); }}.join();
            own_part(60ms);
        });
    });
    INFO(all_of(seen));
    REQUIRE_FALSE(seen.blocks.empty());
    for (auto const& b : seen.blocks) {
        CHECK(stack_names(b, "own_part"));
        CHECK(b.own_duration < 90ms);
    }
}

TEST_CASE("an allowance does not follow its coroutine to another thread", "[allowance]")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
    std::atomic<bool> over{false};
    auto const coroutine = [&]() -> net::awaitable<void> {
        net::steady_timer timer{co_await net::this_coro::executor};
        while (!over) {
            auto const scope = std::make_unique<allow_blocking>("held over a co_await");
            auto const from = std::this_thread::get_id();
            auto const resumed = std::make_shared<std::atomic<bool>>(false);
            // Keeps a thread. If it is this one, the coroutine is resumed on the other.
            post(ctx, [resumed] {
                while (!*resumed) std::this_thread::sleep_for(1ms);
            });
            timer.expires_after(5ms);
            co_await timer.async_wait(net::use_awaitable);
            bool const moved = std::this_thread::get_id() != from;
            if (moved) own_part(100ms);
            *resumed = true;
            over = moved;
        }
    };
    {
        auto const work = make_work_guard(ctx);
        std::array<std::thread, 2> threads;
        for (auto& t : threads) t = std::thread{[&] { ctx.run(); }};
        let_heartbeats_run_on_both(ctx);
        co_spawn(ctx, coroutine, net::detached);
        while (!over) std::this_thread::sleep_for(1ms);
        ctx.stop();
        for (auto& t : threads) t.join();
    }
    guard.finish();
    outcome const seen{in_part(guard.blocks()), {}};
    INFO(all_of(seen));
    REQUIRE(seen.blocks.size() == 1);
    CHECK(stack_names(seen.blocks[0], "own_part"));
    CHECK(seen.blocks[0].own_duration > 50ms);
}

TEST_CASE("while a block is allowed so far, no word is said of it", "[allowance]")
{
    std::atomic<int> words{0};
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [&](block_report const& r) {
                               if (!r.ended) ++words;
                           }};
    SECTION("allowed")
    {
        post(ctx, [] {
            allow_blocking const scope{"more than a second"};
            allowed_part(1200ms);
        });
        ctx.run();
        guard.finish();
        CHECK(words == 0);
        CHECK(are(0, guard.blocks()));
        auto excused = guard.excused();
        drop_starved(excused);
        CHECK(are(1, excused));
    }
    SECTION("not allowed")
    {
        post(ctx, [] { own_part(1200ms); });
        ctx.run();
        guard.finish();
        CHECK(words == 1);
    }
}

TEST_CASE("a block that began before the allowance, or goes on after it", "[allowance]")
{
    // Two handlers in a row are one wait; the scope is of the second, of the first, or lies about both.
    auto const two = [](auto a, auto b) {
        return watch([&](net::io_context& ctx) {
            post(ctx, a);
            post(ctx, b);
        });
    };
    truth slept;
    auto const allowed = [&] {
        allow_blocking const scope{"one of two"};
        slept = allowed_part(40ms);
    };
    auto const own = [] { own_part(beyond_all_waits); };
    auto const blamed = [&](outcome const& seen) {
        INFO(all_of(seen));
        REQUIRE(seen.blocks.size() == 1);
        CHECK(seen.blocks[0].own_duration <= seen.ran.length() - slept.length());
        CHECK(stack_names(seen.blocks[0], "own_part"));
    };
    SECTION("first") { blamed(two(allowed, own)); }
    SECTION("second") { blamed(two(own, allowed)); }
}

TEST_CASE("allowances that excused nothing are listed", "[allowance]")
{
    {
        allow_blocking const scope{"b: entered, and never needed"};
    }
    {
        allow_blocking const scope{"a: entered, and never needed"};
    }
    {
        allow_blocking const scope{"a: entered, and never needed"};
    }
    auto const seen = handler([] {
        allow_blocking const scope{"entered, and needed"};
        allowed_part(60ms);
    });
    REQUIRE(seen.excused.size() == 1);
    CHECK_FALSE(is_unused("entered, and needed"));
    auto const unused = loopwatch::unused_allowances();
    CHECK(std::ranges::is_sorted(unused));
    CHECK(std::ranges::count(unused, "a: entered, and never needed") == 1);
    CHECK(std::ranges::count(unused, "b: entered, and never needed") == 1);
}

}  // namespace allowance_test
