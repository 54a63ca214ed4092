// SPDX-License-Identifier: BSL-1.0

// Handlers that sleep in the kernel are watched, and get what they would have got unwatched, when they would have.
#include "support/catch.hpp"
#include "support/how_many.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace interrupted_test {

using loopwatch::block_report;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;

namespace {

struct sockets {
    std::array<int, 2> ends{};
    sockets() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0); }
    ~sockets()
    {
        for (int const fd : ends) ::close(fd);
    }
};

struct outcome {
    long result;
    int error;
};

constexpr auto length = 40ms;

timespec span_of(std::chrono::milliseconds d) { return {0, std::chrono::nanoseconds{d}.count()}; }

}  // namespace

TEST_CASE("no call is cut short")
{
    struct call {
        char const* name;
        std::function<long()> wait;
        outcome expected;
    };
    sockets const pair;
    auto const calls = std::vector<call>{
        {"nanosleep",
         [] {
             timespec const t = span_of(length);
             return long{::nanosleep(&t, nullptr)};
         },
         {0, 0}},
        {"usleep", [] { return long{::usleep(40'000)}; }, {0, 0}},
        {"clock_nanosleep",
         [] {
             timespec const t = span_of(length);
             return long{::clock_nanosleep(CLOCK_MONOTONIC, 0, &t, nullptr)};
         },
         {0, 0}},
        {"poll",
         [&] {
             pollfd p{pair.ends[0], POLLIN, 0};
             return long{::poll(&p, 1, 40)};
         },
         {0, 0}},
        {"select",
         [&] {
             fd_set set;
             FD_ZERO(&set);
             FD_SET(pair.ends[0], &set);
             timeval t{0, 40'000};
             return long{::select(pair.ends[0] + 1, &set, nullptr, nullptr, &t)};
         },
         {0, 0}},
        {"epoll_wait",
         [&] {
             int const e = ::epoll_create1(0);
             epoll_event one{};
             ::epoll_ctl(e, EPOLL_CTL_ADD, pair.ends[0], &one);
             long const got = ::epoll_wait(e, &one, 1, 40);
             int const kept = errno;
             ::close(e);
             errno = kept;
             return got;
         },
         {0, 0}},
        {"recv with SO_RCVTIMEO",
         [&] {
             timeval const t{0, 40'000};
             ::setsockopt(pair.ends[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
             char byte = 0;
             return long{::recv(pair.ends[0], &byte, 1, 0)};
         },
         {-1, EAGAIN}},
        {"sem_timedwait",
         [] {
             sem_t s;
             ::sem_init(&s, 0, 0);
             timespec t{};
             ::clock_gettime(CLOCK_REALTIME, &t);
             t.tv_nsec += 40'000'000;
             t.tv_sec += t.tv_nsec / 1'000'000'000;
             t.tv_nsec %= 1'000'000'000;
             long const got = ::sem_timedwait(&s, &t);
             int const kept = errno;
             ::sem_destroy(&s);
             errno = kept;
             return got;
         },
         {-1, ETIMEDOUT}},
    };
    for (call const& each : calls) {
        INFO(each.name);
        std::vector<block_report> blocks;
        outcome seen{};
        truth t;
        {
            net::io_context ctx;
            no_loop_blocking guard{ctx, {.threshold = 20ms, .action = on_block::log}, [](block_report const&) {}};
            post(ctx, [&] {
                errno = 0;
                t.began = test_clock::now();
                seen.result = each.wait();
                seen.error = errno;
                t.ended = test_clock::now();
            });
            ctx.run();
            blocks = longest_seen_by(guard);
        }
        CHECK(seen.result == each.expected.result);
        CHECK(seen.error == each.expected.error);
        CHECK(t.length() >= length - 1ms);  // some of these count in whole ticks
        REQUIRE(are(1, blocks));
        CHECK(blocks[0].stack_quality == loopwatch::stack_quality::exact);
        CHECK(stack_names(blocks[0], "main"));
    }
}

TEST_CASE("a synchronous wait of Asio's own is not cut short either")
{
    net::io_context ctx;
    bool whole = false;
    std::vector<block_report> blocks;
    {
        no_loop_blocking guard{ctx, {.threshold = 20ms, .action = on_block::log}, [](block_report const&) {}};
        post(ctx, [&] {
            net::steady_timer timer{ctx, length};
            CHECK_NOTHROW(timer.wait());
            whole = test_clock::now() >= timer.expiry();
        });
        ctx.run();
        blocks = longest_seen_by(guard);
    }
    CHECK(whole);
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].stack_quality == loopwatch::stack_quality::exact);
}

TEST_CASE("locks and pipes are seen asleep, with their stacks")
{
    net::io_context ctx;
    std::vector<block_report> blocks;
    std::mutex held;
    int ends[2];
    std::atomic<long> written{1};
    REQUIRE(::pipe(ends) == 0);
    {
        no_loop_blocking guard{ctx, {.threshold = 20ms, .action = on_block::log}, [](block_report const&) {}};
        std::thread other;
        std::promise<void> locked;
        SECTION("a mutex")
        {
            other = std::thread{[&] {
                std::lock_guard const hold{held};
                locked.set_value();
                sleep_through(60ms);
            }};
            locked.get_future().wait();
            post(ctx, [&] { std::lock_guard const hold{held}; });
        }
        SECTION("a condition variable")
        {
            post(ctx, [&] {
                std::condition_variable never;
                std::unique_lock hold{held};
                never.wait_for(hold, 60ms);
            });
        }
        SECTION("a read on a pipe")
        {
            other = std::thread{[&] {
                sleep_through(60ms);
                written = ::write(ends[1], "x", 1);  // checked later: assertions are the main thread's
            }};
            post(ctx, [&] {
                char byte = 0;
                CHECK(::read(ends[0], &byte, 1) == 1);
            });
        }
        ctx.run();
        if (other.joinable()) other.join();
        blocks = longest_seen_by(guard);
    }
    CHECK(written == 1);
    ::close(ends[0]);
    ::close(ends[1]);
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].stack_quality == loopwatch::stack_quality::exact);
    CHECK(stack_names(blocks[0], "main"));
}

TEST_CASE("a call is not cut short where its thread was woken and waits for a CPU")
{
    cpu_set_t before;
    REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
    std::size_t cpu = 0;
    while (!CPU_ISSET(cpu, &before)) ++cpu;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);

    constexpr int calls = 80;
    int made = 0;
    int cut = 0;
    net::io_context ctx;
    no_loop_blocking guard{ctx, {.threshold = 20ms, .action = on_block::log}, [](block_report const&) {}};
    REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
    std::atomic<bool> done{false};
    std::vector<std::thread> beside;  // on the same processor
    for (int i = 0; i < 3; ++i)
        beside.emplace_back([&] {
            while (!done) {
            }
        });
    sockets pair;
    std::function<void()> const next = [&] {
        timeval const t{0, 11'000 + made % 8 * 1000};
        ::setsockopt(pair.ends[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
        char byte = 0;
        errno = 0;
        if (::recv(pair.ends[0], &byte, 1, 0) != -1 || errno != EAGAIN) ++cut;
        if (++made < calls) post(ctx, next);
    };
    post(ctx, next);
    ctx.run();
    done = true;
    for (std::thread& each : beside) each.join();
    ::sched_setaffinity(0, sizeof before, &before);
    // It falls asleep between a look and the signal now and then: some microseconds of bad luck.
    CHECK(cut * 20 <= made);
}

}  // namespace interrupted_test
