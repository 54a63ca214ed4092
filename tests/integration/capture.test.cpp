// SPDX-License-Identifier: BSL-1.0

// The signal: late, lost, taken, forged.
#include "support/catch.hpp"
#include "support/how_many.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"
#include "support/throwing.hpp"

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace capture_test {

using loopwatch::block_report;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;
using loopwatch::stack_quality;

namespace {

template <typename Work>
std::vector<block_report> blocks_while(Work work)
{
    net::io_context ctx;
    std::vector<block_report> blocks;
    {
        no_loop_blocking guard{ctx, {.threshold = 20ms, .action = on_block::log}, [&](block_report const& b) {
                                   if (b.ended) blocks.push_back(b);
                               }};
        post(ctx, work);
        ctx.run();
    }
    for (auto const& b : blocks) UNSCOPED_INFO(to_string(b));  // should there be more or less than are asked for
    return blocks;
}

void urgent_handler(int) {}

[[gnu::noinline]] int deep(int levels)
{
    if (levels == 0) {
        sleep_through(40ms);
        return 0;
    }
    return deep(levels - 1) + 1;
}

struct blocks_while_unwinding {
    ~blocks_while_unwinding() { sleep_through(40ms); }
};

}  // namespace

TEST_CASE("capture works here")
{
    auto const ability = loopwatch::can_capture();
    INFO(ability.why_not);
    CHECK(ability);
    CHECK(ability.works);
}

TEST_CASE("a thread that blocks the signal while it runs gives no stack, and a late handler touches nothing")
{
    auto const blocks = blocks_while([] {
        sigset_t urgent;
        ::sigemptyset(&urgent);
        ::sigaddset(&urgent, SIGURG);
        ::pthread_sigmask(SIG_BLOCK, &urgent, nullptr);
        spin_through(150ms);
        ::pthread_sigmask(SIG_UNBLOCK, &urgent, nullptr);  // here the late one arrives
    });
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].stack.empty());
    CHECK(blocks[0].stack_quality == stack_quality::none);
    CHECK_THAT(blocks[0].stack_missing, contains("within 50 ms"));

    auto const after = blocks_while([] { spin_through(40ms); });
    REQUIRE(are(1, after));
    CHECK(after[0].stack_quality == stack_quality::exact);
}

TEST_CASE("a thread that sleeps is looked at without a signal")
{
    auto const blocks = blocks_while([] {
        sigset_t urgent;
        ::sigemptyset(&urgent);
        ::sigaddset(&urgent, SIGURG);
        ::pthread_sigmask(SIG_BLOCK, &urgent, nullptr);
        auto const slept = sleep_through(40ms);
        sigset_t pending;
        ::sigpending(&pending);
        // One that was woken and given no CPU sleeps no more.
        if (slept.length() < 42ms) CHECK_FALSE(::sigismember(&pending, SIGURG));
        ::pthread_sigmask(SIG_UNBLOCK, &urgent, nullptr);
    });
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].stack_quality == stack_quality::exact);
    CHECK(culprit_is(blocks[0], "sleep_through"));
}

TEST_CASE("a handler of the program's own, installed later, is left alone")
{
    struct sigaction before{};
    struct sigaction theirs{};
    theirs.sa_handler = &urgent_handler;
    REQUIRE(loopwatch::can_capture().works);
    REQUIRE(::sigaction(SIGURG, &theirs, &before) == 0);
    auto const blocks = blocks_while([] { spin_through(40ms); });
    auto const ability = loopwatch::can_capture();
    struct sigaction after{};
    ::sigaction(SIGURG, &before, &after);
    CHECK(after.sa_handler == &urgent_handler);
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].stack_quality == stack_quality::none);
    CHECK_THAT(blocks[0].stack_missing, contains("replaced the handler"));
    CHECK_FALSE(ability);
    CHECK_THAT(ability.why_not, contains("replaced"));
}

TEST_CASE("a signal that the program has reset is ours again")
{
    struct sigaction reset{};
    reset.sa_handler = SIG_IGN;
    REQUIRE(::sigaction(SIGURG, &reset, nullptr) == 0);
    auto const blocks = blocks_while([] { spin_through(40ms); });
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].stack_quality == stack_quality::exact);
}

TEST_CASE("a signal that the program handles can't be chosen")
{
    REQUIRE(loopwatch::can_capture().works);
    CHECK_THROWS_AS(loopwatch::use_capture_signal(SIGKILL), std::invalid_argument);
    CHECK_THROWS_AS(loopwatch::use_capture_signal(-1), std::invalid_argument);
    CHECK_THROWS_AS(loopwatch::use_capture_signal(SIGUSR2), std::logic_error);  // too late: SIGURG is in use
    CHECK_NOTHROW(loopwatch::use_capture_signal(SIGURG));

    struct sigaction before{};
    struct sigaction theirs{};
    theirs.sa_handler = &urgent_handler;
    REQUIRE(::sigaction(SIGUSR1, &theirs, &before) == 0);
    try {
        loopwatch::use_capture_signal(SIGUSR1);
        FAIL("accepted a signal that is handled");
    } catch (std::invalid_argument const& e) {
        CHECK_THAT(e.what(), contains(std::to_string(SIGUSR1)) && contains("already handled"));
    }
    ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("signals that nobody asked for do nothing")
{
    std::thread runs;
    net::io_context ctx;
    auto const work = make_work_guard(ctx);
    std::vector<block_report> blocks;
    {
        no_loop_blocking guard{
            ctx, {.threshold = 20ms, .action = on_block::log}, [&](block_report const& b) { blocks.push_back(b); }};
        runs = std::thread{[&] { ctx.run(); }};
        auto const end = test_clock::now() + 50ms;
        while (test_clock::now() < end) ::pthread_kill(runs.native_handle(), SIGURG);
        ::raise(SIGURG);
        ctx.stop();
        runs.join();
    }
    CHECK(are(0, blocks));
}

TEST_CASE("in a destructor while an exception unwinds the thread, the stack is whole")
{
    auto const blocks = blocks_while([] {
        try {
            blocks_while_unwinding const local;
            throw 1;
        } catch (int) {
        }
    });
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].stack_quality == stack_quality::exact);
    CHECK(culprit_is(blocks[0], "sleep_through"));
    CHECK(stack_names(blocks[0], "blocks_while_unwinding"));
    CHECK(stack_names(blocks[0], "main"));
}

TEST_CASE("in a catch block the stack is whole")
{
    auto const blocks = blocks_while([] {
        try {
            throw 1;
        } catch (int) {
            sleep_through(40ms);
        }
    });
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].stack_quality == stack_quality::exact);
    CHECK(culprit_is(blocks[0], "sleep_through"));
}

TEST_CASE("a stack deeper than a snapshot is partial, and says so")
{
    auto const blocks = blocks_while([] { CHECK(deep(200) == 200); });
    REQUIRE(are(1, blocks));
    CHECK(blocks[0].stack_quality == stack_quality::partial);
    CHECK_THAT(blocks[0].stack_missing, contains("deeper than"));
    CHECK(culprit_is(blocks[0], "sleep_through"));
    CHECK(stack_names(blocks[0], "deep("));
}

TEST_CASE("errno of the interrupted code is kept")
{
    int seen = 0;
    auto const blocks = blocks_while([&] {
        errno = 4711;
        spin_through(40ms);
        seen = errno;
    });
    CHECK(are(1, blocks));
    CHECK(seen == 4711);
}

TEST_CASE("captures of a loop that throws and allocates all the time")
{
    net::io_context ctx;
    int caught = 0;
    no_loop_blocking guard{ctx, {.threshold = 300us, .action = on_block::log}, [](block_report const&) {}};
    // A busy machine may give the watchdog no CPU for as long as this takes.
    for (int round = 0; round < 10 && guard.blocks().empty() && guard.excused().empty(); ++round) {
        for (int i = 0; i < 150; ++i) post(ctx, [&] { caught += throw_for(2ms); });
        ctx.restart();
        ctx.run();
    }
    CHECK_FALSE(all_seen_by(guard).empty());
    CHECK(caught > 150);
}

}  // namespace capture_test
