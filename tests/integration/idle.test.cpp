// SPDX-License-Identifier: BSL-1.0

// A loop that waits for work is left asleep, and whatever blocks it afterwards is found all the same.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/punctuality.hpp"
#include "support/stall.hpp"
#include "support/stall_log.hpp"

#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace idle_test {

using loopwatch::block_report;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;
using loopwatch::detail::thread_number;

namespace {

constexpr auto threshold = stall_lengths::threshold;
constexpr auto interval = threshold / 4;

/// How often threads went to sleep so far.
long sleeps_of(std::vector<thread_number> const& threads)
{
    constexpr std::string_view label = "voluntary_ctxt_switches:";
    long all = 0;
    for (thread_number const thread : threads) {
        std::ifstream status{"/proc/self/task/" + std::to_string(thread) + "/status"};
        for (std::string line; std::getline(status, line);)
            if (line.starts_with(label)) all += std::stol(line.substr(label.size()));
    }
    return all;
}

/// How often they go to sleep in a quarter of a second.
[[maybe_unused]] long sleeps_from_now_on(std::vector<thread_number> const& threads)
{
    long const before = sleeps_of(threads);
    std::this_thread::sleep_for(250ms);
    return sleeps_of(threads) - before;
}

/// The same, after they were given some time to settle in.
[[maybe_unused]] long sleeps_when_settled(std::vector<thread_number> const& threads)
{
    auto const give_up = test_clock::now() + 20s;
    for (long before = sleeps_of(threads); test_clock::now() < give_up;) {
        std::this_thread::sleep_for(100ms);
        long const now = sleeps_of(threads);
        if (now == before) break;
        before = now;
    }
    return sleeps_from_now_on(threads);
}

/// Threads that run a context until they are told to end.
class runners {
public:
    runners(net::io_context& ctx, std::size_t count) : ctx_{ctx}, work_{make_work_guard(ctx)}, numbers_(count)
    {
        std::atomic<std::size_t> started{0};
        for (std::size_t i = 0; i < count; ++i)
            threads_.emplace_back([&, i] {
                numbers_[i] = loopwatch::detail::this_thread_number();
                ++started;
                ctx.run();
            });
        while (started < count) std::this_thread::yield();
    }
    ~runners()
    {
        ctx_.stop();
        for (auto& t : threads_) t.join();
    }
    [[nodiscard]] std::vector<thread_number> const& numbers() const { return numbers_; }

private:
    net::io_context& ctx_;
    net::executor_work_guard<net::io_context::executor_type> work_;
    std::vector<thread_number> numbers_;
    std::vector<std::thread> threads_;
};

/// A wait of a handler's own that looks like a reactor's, woken from outside.
class own_wait {
public:
    own_wait() : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, event_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}
    {
        epoll_event of{EPOLLIN, {}};
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &of);
    }
    ~own_wait()
    {
        ::close(event_);
        ::close(epoll_);
    }
    [[gnu::noinline]] void wait_for(std::chrono::microseconds d)
    {
        std::thread waker{[&] {
            std::this_thread::sleep_for(d);
            ::eventfd_write(event_, 1);
        }};
        epoll_event got{};
        while (::epoll_wait(epoll_, &got, 1, -1) < 0) {
        }
        eventfd_t value = 0;
        ::eventfd_read(event_, &value);
        waker.join();
    }

private:
    int epoll_;
    int event_;
};

[[gnu::noinline]] void wait_for_the_other(std::promise<void>& over) { over.get_future().wait(); }

template <typename Work>
void run_in(net::io_context& ctx, Work work)
{
    std::promise<void> done;
    post(ctx, [&] {
        work();
        done.set_value();
    });
    done.get_future().wait();
}

}  // namespace

// A sanitizer's runtime has threads and interceptors of its own, and is not what anybody leaves running for days.
#if LOOPWATCH_HAS_SIGNAL_CAPTURE() && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST_CASE("an idle loop is left asleep")
{
    net::io_context ctx;
    SECTION("a context with one thread, watched by its executor, or by one of an unknown type")
    {
        runners const threads{ctx, 1};
        no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}};
        CHECK(sleeps_when_settled(threads.numbers()) == 0);
        no_loop_blocking erased{net::any_io_executor{ctx.get_executor()},
                                {.threshold = threshold, .action = on_block::log}};
        CHECK(sleeps_when_settled(threads.numbers()) == 0);
    }
    SECTION("a context with three threads")
    {
        runners const threads{ctx, 3};
        no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}};
        CHECK(sleeps_when_settled(threads.numbers()) == 0);
    }
    SECTION("a pool")
    {
        net::thread_pool pool{1};
        thread_number const thread =
            post(pool, net::use_future([] { return loopwatch::detail::this_thread_number(); })).get();
        no_loop_blocking guard{pool, {.threshold = threshold, .action = on_block::log}};
        CHECK(sleeps_when_settled({thread}) == 0);
    }
    SECTION("a context with a timer that is far away")
    {
        runners const threads{ctx, 1};
        net::steady_timer timer{ctx, 1h};
        timer.async_wait([](auto) {});
        no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}};
        CHECK(sleeps_when_settled(threads.numbers()) == 0);
    }
}

TEST_CASE("a loop of which a sleeping thread says nothing goes on being asked")
{
    if (handlers_are_written_down) return;  // then it says enough
    net::io_context ctx;
    runners const threads{ctx, 1};
    auto const strand = net::make_strand(ctx);
    // On a busy machine a strand's heartbeat may be late, and any thread may hold it: not what is asked here.
    loopwatch::options const quiet{.threshold = threshold, .action = on_block::log};
    auto const ignore = [](block_report const&) {};
    std::unique_ptr<no_loop_blocking> guard;
    SECTION("a strand") { guard = std::make_unique<no_loop_blocking>(strand, quiet, ignore); }
    SECTION("a strand of an unknown type")
    {
        guard = std::make_unique<no_loop_blocking>(net::any_io_executor{strand}, quiet, ignore);
    }
    std::this_thread::sleep_for(200ms);  // others are left asleep by then
    CHECK(sleeps_from_now_on(threads.numbers()) > 25);
    guard.reset();
}

#endif

TEST_CASE("a block after idleness is found, at whatever moment it begins, and its length is true")
{
    net::io_context ctx;
    std::vector<logged_stall> stalls;
    std::vector<block_report> blocks;
    std::vector<block_report> excused;
    own_wait own;
    punctuality machine;
    {
        runners const threads{ctx, 1};
        no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [&](block_report const& b) {
                                   if (b.ended) blocks.push_back(b);
                               }};
        std::this_thread::sleep_for(100ms);
        stall_lengths lengths{4711};
        for (int i = 0; i < 40; ++i) {
            logged_stall stall;
            stall.sleeps = true;
            stall.free_before = test_clock::now();
            std::this_thread::sleep_for(lengths.pause(3'000, 12'000));
            run_in(ctx, [&] {
                stall.meant = lengths.next();
                bool const waits = i % 4 < 2;
                stall.where = waits ? "wait_for" : "sleep_through";
                if (waits) {
                    auto const began = test_clock::now();
                    own.wait_for(std::chrono::duration_cast<std::chrono::microseconds>(stall.meant));
                    stall.was = {began, test_clock::now()};
                } else {
                    stall.was = sleep_through(stall.meant);
                }
            });
            run_in(ctx, [] {});  // behind the heartbeat, if one waits
            stall.free_after = test_clock::now();
            stalls.push_back(stall);
        }
        guard.finish();
        excused = guard.excused();
    }
    check_each_once(stalls, blocks, excused, threshold, interval, machine.worst_lateness());
}

// Each of these waits many times for a moment, so that there is much to be misunderstood, and then for long.
TEST_CASE("what a handler waits for is never taken for the loop's own wait")
{
    std::vector<block_report> blocks;
    // With one that is still under way when the watch ends, as its handler may be, which only told that it is done; and
    // without the words that are said in between.
    auto const all_of = [](no_loop_blocking& guard) {
        guard.finish();
        return guard.blocks();
    };
    auto const quiet = [](block_report const&) {};
    loopwatch::options const often{.threshold = 30ms, .heartbeat_interval = 1ms, .action = on_block::log};
    constexpr int times = 200;
    constexpr auto moment = 700us;
    constexpr auto too_long = 90ms;
    net::io_context ctx;
    own_wait own;

    SECTION("an epoll instance of its own")
    {
        {
            runners const threads{ctx, 1};
            no_loop_blocking guard{ctx, often, quiet};
            for (int i = 0; i < times; ++i) run_in(ctx, [&] { own.wait_for(moment); });
            run_in(ctx, [&] { own.wait_for(too_long); });
            blocks = all_of(guard);
        }
        REQUIRE_FALSE(blocks.empty());
        CHECK(stack_names(blocks.back(), "wait_for"));
    }
    SECTION("another context")
    {
        {
            runners const threads{ctx, 1};
            no_loop_blocking guard{ctx, often, quiet};
            net::io_context other;
            net::steady_timer timer{other};
            auto const run_other = [&](std::chrono::microseconds d) {
                other.restart();
                timer.expires_after(d);
                timer.async_wait([](auto) {});
                other.run();
            };
            for (int i = 0; i < times; ++i) run_in(ctx, [&] { run_other(moment); });
            run_in(ctx, [&] { run_other(too_long); });
            blocks = all_of(guard);
        }
        REQUIRE_FALSE(blocks.empty());
        CHECK(blocks.back().duration_max >= too_long);
    }
    SECTION("in a loop of the program's own, that runs one handler here and polls there")
    {
        {
            no_loop_blocking guard{ctx, often, quiet};
            for (int i = 0; i < times; ++i) {
                post(ctx, [&] { own.wait_for(moment); });
                ctx.restart();
                ctx.run_one();
                ctx.restart();
                ctx.poll();
            }
            post(ctx, [&] { own.wait_for(too_long); });
            ctx.restart();
            ctx.run_one();
            ctx.restart();
            ctx.poll();
            blocks = all_of(guard);
        }
        REQUIRE_FALSE(blocks.empty());
        CHECK(stack_names(blocks.back(), "wait_for"));
    }
    SECTION("between the polls of a loop inside a handler")
    {
        {
            runners const threads{ctx, 1};
            no_loop_blocking guard{ctx, often, quiet};
            run_in(ctx, [&] {
                for (int i = 0; i < times; ++i) {
                    ctx.poll();
                    own.wait_for(moment);
                }
                own.wait_for(too_long);
            });
            blocks = all_of(guard);
        }
        REQUIRE_FALSE(blocks.empty());
        CHECK(stack_names(blocks.back(), "wait_for"));
    }
}

TEST_CASE("of several threads the one that sleeps does not hide that all others and then itself are blocked")
{
    std::vector<block_report> blocks;
    std::vector<block_report> excused;
    net::io_context ctx;
    {
        runners const threads{ctx, 2};
        no_loop_blocking guard{ctx, {.threshold = threshold, .action = on_block::log}, [](block_report const&) {}};
        std::this_thread::sleep_for(200ms);
        for (int i = 0; i < 5; ++i) {
            std::promise<void> first_holds;
            std::promise<void> second_is_over;
            post(ctx, [&] {
                first_holds.set_value();
                wait_for_the_other(second_is_over);
            });
            first_holds.get_future().wait();
            std::this_thread::sleep_for(3 * threshold);  // one of two: no block
            run_in(ctx, [] { sleep_through(60ms); });
            second_is_over.set_value();
            std::this_thread::sleep_for(3 * threshold);
        }
        guard.finish();
        blocks = guard.blocks();
        excused = guard.excused();
    }
    // Both were in handlers for 60 ms, five times. Where one was kept from its CPU meanwhile it is excused; and it may
    // be kept from it at other times.
    CHECK(blocks.size() <= 5);
    CHECK(blocks.size() + excused.size() >= 5);
    for (auto const& b : blocks) CHECK((stack_names(b, "sleep_through") || stack_names(b, "wait_for_the_other")));
}

}  // namespace idle_test
