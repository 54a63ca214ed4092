// SPDX-License-Identifier: BSL-1.0

// Why it was blocked, and who is not to blame.
#include "support/catch.hpp"
#include "support/how_many.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cause_test {

using loopwatch::block_report;
using loopwatch::cause;
using loopwatch::cause_set;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;

namespace {

struct seen {
    std::vector<block_report> blocks;
    std::vector<block_report> excused;
};

template <typename Start>
seen watch(Start start, cause_set raise_on = loopwatch::options{}.raise_on, std::chrono::milliseconds threshold = 20ms)
{
    net::io_context ctx;
    no_loop_blocking guard{
        ctx, {.threshold = threshold, .action = on_block::log, .raise_on = raise_on}, [](block_report const&) {}};
    start(ctx);
    ctx.run();
    guard.finish();
    seen all{guard.blocks(), guard.excused()};
    drop_starved(all.excused);
    return all;
}

/// The one block of a handler. A busy machine may add waits of its own, which are excused.
template <typename Work>
block_report block_of(Work work)
{
    auto const all = watch([&](net::io_context& ctx) { post(ctx, work); });
    REQUIRE(all.blocks.size() == 1);
    return all.blocks[0];
}

nanoseconds longest_answer{0};  // by the clock

[[gnu::noinline]] void answer(int) { longest_answer = std::max(longest_answer, spin_through(1ms).length()); }

/// Computes for so long of the thread's own time, nearly all of it in system calls that do not sleep.
[[gnu::noinline]] void call_through(nanoseconds d)
{
    timespec at{};
    auto const now = [&] {
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
        return std::chrono::seconds{at.tv_sec} + nanoseconds{at.tv_nsec};
    };
    for (auto const until = now() + d; now() < until;)
        for (int i = 0; i < 50; ++i) {
            struct stat s{};
            ::stat("/proc/self/../self/../self/../self/status", &s);
        }
}

[[gnu::noinline]] void short_one() { sleep_through(60ms); }
[[gnu::noinline]] void long_one() { sleep_through(500ms); }

net::awaitable<void> session(int n)
{
    answer(n);
    co_return;
}

}  // namespace

TEST_CASE("a computation is cpu")
{
    auto const report = block_of([] { spin_through(60ms); });
    INFO(to_string(report));
    CHECK(report.cause == cause::cpu);
    CHECK_THAT(report.evidence, contains("on CPU for "));
    CHECK_FALSE(report.fix.empty());
    CHECK(report.excuse.empty());
    CHECK(report.own_duration > 10ms);
    CHECK(report.own_duration <= report.duration);
}

TEST_CASE("a call says what it waits for")
{
    SECTION("time")
    {
        auto const report = block_of([] { std::this_thread::sleep_for(60ms); });
        CHECK(report.cause == cause::blocking_call);
        CHECK_THAT(report.evidence, contains("clock_nanosleep(60 ms)"));
        CHECK_THAT(report.fix, contains("steady_timer"));
    }
    SECTION("a pipe")
    {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        ssize_t written = 0;
        std::thread writer{[&] {
            std::this_thread::sleep_for(60ms);
            written = ::write(ends[1], "x", 1);
        }};
        auto const report = block_of([&] {
            char c = 0;
            CHECK(::read(ends[0], &c, 1) == 1);
        });
        writer.join();
        CHECK(written == 1);
        INFO(to_string(report));
        CHECK(report.cause == cause::blocking_call);
        CHECK_THAT(report.evidence, contains("read(fd " + std::to_string(ends[0]) + ": pipe"));
        ::close(ends[0]);
        ::close(ends[1]);
    }
}

TEST_CASE("a lock says who holds it, and where")
{
    std::mutex mutex;
    std::promise<void> taken;
    std::thread holder{[&] {
        ::pthread_setname_np(::pthread_self(), "db-pool");
        std::lock_guard const hold{mutex};
        taken.set_value();
        sleep_through(80ms);
    }};
    taken.get_future().wait();
    auto const report = block_of([&] { std::lock_guard const hold{mutex}; });
    holder.join();
    INFO(to_string(report));
    CHECK(report.cause == cause::lock);
    CHECK_THAT(report.evidence, contains("mutex 0x"));
    CHECK_THAT(report.evidence, contains("\"db-pool\""));
    REQUIRE(report.held_by);
    CHECK(report.held_by->thread_name == "db-pool");
    bool found = false;
    for (auto const& f : report.held_by->stack) found = found || f.function.find("sleep_through") != f.function.npos;
    CHECK(found);
    CHECK_THAT(to_string(report), contains("  held by  (thread "));
}

TEST_CASE("a condition variable is no mutex")
{
    std::mutex mutex;
    std::condition_variable changed;
    std::atomic<bool> over{false};
    std::thread other{[&] {
        std::this_thread::sleep_for(60ms);
        over = true;
        changed.notify_all();
    }};
    auto const report = block_of([&] {
        std::unique_lock hold{mutex};
        changed.wait_for(hold, 2s, [&] { return over.load(); });
    });
    other.join();
    INFO(to_string(report));
    CHECK(report.cause == cause::lock);
    CHECK_THAT(report.evidence, contains("condition variable"));
    CHECK_FALSE(report.held_by);
}

TEST_CASE("waits are told apart without libc's debug symbols")
{
    timespec until{};
    ::clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    // A sanitizer calls the real function through a pointer, of which nothing is left on the stack.
    SECTION("a semaphore")
    {
        sem_t semaphore;
        REQUIRE(::sem_init(&semaphore, 0, 0) == 0);
        std::thread other{[&] {
            sleep_through(80ms);
            ::sem_post(&semaphore);
        }};
        auto const report = block_of([&] { ::sem_timedwait(&semaphore, &until); });
        other.join();
        INFO(to_string(report));
        CHECK_THAT(report.evidence, contains("semaphore 0x"));
        CHECK(stack_names(report, "sem_timedwait"));
    }
#endif
    SECTION("a thread")
    {
        std::thread other{[] { sleep_through(80ms); }};
        auto const report = block_of([&] { other.join(); });
        INFO(to_string(report));
        CHECK_THAT(report.evidence, contains("the end of thread "));
    }
    SECTION("a mutex, with a limit")
    {
        std::timed_mutex mutex;
        auto const report = block_of([&] {
            mutex.lock();
            static_cast<void>(mutex.try_lock_for(80ms));
            mutex.unlock();
        });
        INFO(to_string(report));
        CHECK(report.cause == cause::self_deadlock);
        CHECK_THAT(report.evidence, contains("a mutex that it holds (mutex 0x"));
        CHECK_THAT(report.fix, contains("release the mutex"));
    }
}

TEST_CASE("many short handlers are a backlog, one long handler is none")
{
    // For as long as a busy machine keeps a thread from its CPU one handler is seen, which must not seem long for that.
    constexpr auto threshold = 40ms;
    constexpr auto all_causes = loopwatch::options{}.raise_on;
    longest_answer = 0ns;
    SECTION("of one type")
    {
        auto const all = watch(
            [](net::io_context& ctx) {
                for (int i = 0; i < 160; ++i) post(ctx, [i] { answer(i); });
            },
            all_causes, threshold);
        REQUIRE_FALSE(all.blocks.empty());
        INFO(to_string(all.blocks[0]));
        if (longest_answer < threshold) {
            CHECK(all.blocks[0].cause == cause::backlog);
            // Samples do not tell which ones. A machine may well hold one of them up for long, too.
            CHECK_THAT(all.blocks[0].evidence,
                       contains(handlers_are_written_down ? " handlers " : "handlers ran meanwhile"));
        }
    }
    SECTION("coroutines")
    {
        auto const all = watch(
            [](net::io_context& ctx) {
                for (int i = 0; i < 160; ++i) co_spawn(ctx, session(i), net::detached);
            },
            all_causes, threshold);
        REQUIRE_FALSE(all.blocks.empty());
        INFO(to_string(all.blocks[0]));
        if (longest_answer < threshold) CHECK(all.blocks[0].cause == cause::backlog);
    }
    SECTION("many that are long are none, however far apart the samples come to be")
    {
        auto const all = watch([](net::io_context& ctx) {
            for (int i = 0; i < 16; ++i) post(ctx, [] { spin_through(30ms); });
        });
        REQUIRE_FALSE(all.blocks.empty());
        INFO(to_string(all.blocks[0]));
        CHECK(all.blocks[0].cause == cause::cpu);
    }
    SECTION("a loop of short calls in one handler is a computation")
    {
        auto const report = block_of([] {
            for (int i = 0; i < 80; ++i) answer(i);
        });
        INFO(to_string(report));
        CHECK(report.cause == cause::cpu);
        REQUIRE(report.samples.size() > 2);
        for (auto const& s : report.samples) CHECK(s.doing != "between two handlers");
    }
    SECTION("a handler that posts others while it computes is one")
    {
        auto const report = [] {
            auto const all = watch([](net::io_context& ctx) {
                post(ctx, [&ctx] {
                    for (int i = 0; i < 40; ++i) {
                        answer(i);
                        post(ctx, [] {});
                    }
                });
            });
            REQUIRE(all.blocks.size() == 1);
            return all.blocks[0];
        }();
        CHECK(report.cause == cause::cpu);
    }
}

TEST_CASE("the samples of a long block show where its time went")
{
    auto const report = block_of([] {
        sleep_through(60ms);
        spin_through(120ms);
    });
    INFO(to_string(report));
    REQUIRE(report.samples.size() >= 4);
    CHECK(report.samples.size() <= 12);
    CHECK_THAT(report.samples.front().doing, contains("nanosleep"));
    CHECK(report.samples.back().doing == "on CPU");
    for (std::size_t i = 1; i < report.samples.size(); ++i)
        CHECK(report.samples[i - 1].after < report.samples[i].after);
    CHECK(report.samples.back().after <= report.duration_max);
    CHECK_THAT(to_string(report), contains("  samples  "));
}

TEST_CASE("of a handler that does two things the stack shows the one that is the cause")
{
    SECTION("it waits in the end")
    {
        // Longer than all before it, however long this machine made that: samples come at growing distances.
        auto const report = block_of([] { std::this_thread::sleep_for(5 * spin_through(20ms).length()); });
        INFO(to_string(report));
        CHECK(report.cause == cause::blocking_call);
        CHECK(stack_names(report, "nanosleep"));
        CHECK_FALSE(stack_names(report, "spin_through"));
    }
    SECTION("it computes in system calls, and then for less in none")
    {
        auto const report = block_of([] {
            call_through(300ms);
            spin_through(60ms);
        });
        INFO(to_string(report));
        CHECK(report.cause == cause::cpu);
        CHECK(culprit_is(report, "call_through"));
    }
    SECTION("it computes in the end")
    {
        auto const report = block_of([] {
            std::this_thread::sleep_for(20ms);
            spin_through(150ms);
        });
        INFO(to_string(report));
        CHECK(report.cause == cause::cpu);
        CHECK(stack_names(report, "spin_through"));
        CHECK_FALSE(stack_names(report, "nanosleep"));
    }
}

TEST_CASE("of two handlers in one block the stack shows the one that took longer")
{
    auto const shown = [](auto first, auto second) {
        auto const all = watch([&](net::io_context& ctx) {
            post(ctx, first);
            post(ctx, second);
        });
        if (handlers_are_written_down) {  // then each is a block by itself
            REQUIRE(are(2, all.blocks));
            CHECK(stack_names(all.blocks[0], "long_one") != stack_names(all.blocks[1], "long_one"));
            return all.blocks[stack_names(all.blocks[0], "long_one") ? 0 : 1];
        }
        REQUIRE(are(1, all.blocks));
        return all.blocks[0];
    };
    block_report report;
    SECTION("the second one")
    {
        report = shown([] { short_one(); }, [] { long_one(); });
    }
    SECTION("the first one")
    {
        report = shown([] { long_one(); }, [] { short_one(); });
    }
    INFO(to_string(report));
    CHECK(report.cause == cause::blocking_call);
    CHECK(stack_names(report, "long_one"));
}

TEST_CASE("what raise_on leaves out is excused, and said")
{
    auto const all = watch([](net::io_context& ctx) { post(ctx, [] { spin_through(60ms); }); }, {cause::lock});
    CHECK(all.blocks.empty());
    REQUIRE(all.excused.size() == 1);
    CHECK(all.excused[0].number == 1);
    CHECK_THAT(all.excused[0].excuse, contains("raise_on"));
    CHECK_THAT(to_string(all.excused[0]), contains("loop delayed for "));
    CHECK_THAT(to_string(all.excused[0]), contains("not blamed"));
}

TEST_CASE("an excused block raises nothing")
{
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = 20ms, .raise_on = {}}, [](block_report const&) { FAIL_CHECK("sink"); }};
    post(ctx, [] { sleep_through(40ms); });
    ctx.run();
    CHECK_NOTHROW(guard.finish());
    auto excused = guard.excused();
    drop_starved(excused);
    CHECK(are(1, excused));
}

TEST_CASE("a block of which a word was said, and that is excused in the end, keeps its number")
{
    net::io_context ctx;
    std::vector<std::uint64_t> words;
    no_loop_blocking guard{ctx,
                           {.threshold = 20ms, .action = on_block::log, .raise_on = {cause::blocking_call}},
                           [&](block_report const& r) {
                               if (!r.ended) words.push_back(r.number);
                           }};
    post(ctx, [&] {
        sleep_through(600ms);
        spin_through(900ms);  // when all is over it is of another cause
    });
    ctx.run();
    ctx.restart();
    post(ctx, [] { sleep_through(60ms); });
    ctx.run();
    guard.finish();
    REQUIRE_FALSE(words.empty());
    CHECK(words.back() == 1);
    auto excused = guard.excused();
    drop_starved(excused);
    CHECK(are(1, excused));
    REQUIRE(are(1, guard.blocks()));
    CHECK(guard.blocks()[0].number == 2);
}

}  // namespace cause_test
