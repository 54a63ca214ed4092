// SPDX-License-Identifier: BSL-1.0

// Guards are made and destroyed from several threads while loops block, threads end while they are looked at, the
// process forks, and processes exit, all in the midst of captures. Nothing hangs, nothing crashes, and every report
// has a stack or says why it has none.
#include "stress/support/run.hpp"
#include "support/bounded_loop.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace {

using stress::clock;
using stress::dice;
using stress::fail;
using stress::under_asan;
using stress::under_tsan;

std::atomic<unsigned long> guards{0}, reports{0}, exact{0}, flagged{0}, without{0}, elsewhere{0}, forks{0}, exits{0},
    ended{0}, own_loops{0};

void check(loopwatch::block_report const& r)
{
    ++reports;
    using loopwatch::stack_quality;
    ++(r.stack_quality == stack_quality::exact ? exact : r.stack_quality == stack_quality::none ? without : flagged);
    if ((r.stack_quality == stack_quality::exact) != r.stack_missing.empty())
        fail("a stack that is %s says: %s", std::string{to_string(r.stack_quality)}.c_str(), r.stack_missing.c_str());
    if (r.stack.empty() != (r.stack_quality == stack_quality::none)) fail("a stack is empty, or not, against its word");
    // Or it was kept from running just before or after: more threads are busy than there are CPUs.
    if (r.stack_quality == stack_quality::exact && !stack_names(r, "block_for")) ++elsewhere;
}

template <typename Loop>
std::unique_ptr<loopwatch::no_loop_blocking> make_guard(Loop& ctx)
{
    ++guards;
    return std::make_unique<loopwatch::no_loop_blocking>(
        ctx, loopwatch::options{.threshold = 1ms, .action = loopwatch::on_block::log}, &check);
}

[[gnu::noinline]] void block_for(std::chrono::microseconds length, bool asleep)
{
    auto const took = asleep ? sleep_through(length) : spin_through(length);
    if (took.length() < length) fail("it blocked for too short");
}

/// Guard and loop on one thread; the guard may end in the midst of a handler.
void on_one_thread(std::atomic<bool> const& stop, unsigned seed)
{
    dice roll{seed};
    while (!stop) {
        net::io_context ctx;
        auto guard = make_guard(ctx);
        for (unsigned i = roll(4); i > 0; --i)
            post(ctx, [&] { block_for(std::chrono::microseconds{roll(3000)}, roll(2) == 0); });
        if (roll(3) == 0)
            post(ctx, [&] {
                block_for(std::chrono::microseconds{roll(3000)}, false);
                guard.reset();
            });
        ctx.run();
        if (roll(2) == 0) guard.reset();
    }
}

/// Guards are made and destroyed here while another thread runs the loop, blocks it, and at times ends at once.
void across_threads(std::atomic<bool> const& stop, unsigned seed)
{
    dice roll{seed};
    while (!stop) {
        net::io_context ctx;
        auto const work = make_work_guard(ctx);
        std::thread loop{[&ctx] {
            try {
                ctx.run();
            } catch (int) {
                ++ended;
            }
        }};
        for (unsigned i = 1 + roll(5); i > 0; --i) {
            auto guard = make_guard(ctx);
            auto const length = std::chrono::microseconds{roll(3000)};
            post(ctx, [length, asleep = roll(2) == 0] { block_for(length, asleep); });
            if (roll(2) == 0) guard->finish();
            std::this_thread::sleep_for(std::chrono::microseconds{roll(2500)});
        }
        // From inside a block, just when it is being looked at.
        auto const last = make_guard(ctx);
        post(ctx, [length = std::chrono::microseconds{900 + roll(400)}] {
            block_for(length, false);
            throw 1;
        });
        loop.join();
    }
}

/// The same, of a loop of the user's own, which goes as soon as its guard has ended; at times a heartbeat waits for
/// room.
void on_own_loops(std::atomic<bool> const& stop, unsigned seed)
{
    dice roll{seed};
    while (!stop) {
        bounded_loop loop;
        loop.start();
        auto guard = make_guard(loop);
        for (unsigned i = roll(6); i > 0; --i) {
            auto const length = std::chrono::microseconds{roll(1500)};
            loop.put([length, asleep = roll(2) == 0] { block_for(length, asleep); });
        }
        if (roll(4) == 0) {
            std::atomic<bool> over{false};
            loop.put([&] {
                if (roll(2) == 0) loop.fill();
                block_for(std::chrono::microseconds{roll(1500)}, false);
                guard.reset();
                over = true;
            });
            while (!over) std::this_thread::yield();
        }
        if (roll(4) == 0) loop.stop();
        guard.reset();
        ++own_loops;
    }
}

/// In the child, guards are the child's own.
void forking(std::atomic<bool> const& stop)
{
    dice roll{55};
    // Also while libbacktrace reads the modules for the first time, inside dl_iterate_phdr, whose lock glibc leaves
    // held in the child of a fork.
    while (!stop) {
        bool const waits = roll(8) == 0;  // for a report: the first takes a second
        std::this_thread::sleep_for(5ms);
        pid_t const child = ::fork();
        if (child < 0) fail("no fork: errno %d", errno);
        if (child == 0) {
            ::alarm(30);  // if it hangs
            // The thread sanitizer supports no new threads in the child of a process that had several, and the address
            // sanitizer of gcc 12 leaves its allocator's locks as other threads held them: there it only has to end.
            if (under_tsan || under_asan) ::_exit(0);
            unsigned long const before = reports;
            for (int tries = 0; reports == before && tries < (waits ? 20 : 1); ++tries) {
                net::io_context ctx;
                auto const guard = make_guard(ctx);
                post(ctx, [] { block_for(5ms, false); });
                ctx.run();
            }
            ::_exit(reports > before || !waits ? 0 : 2);
        }
        int status = 0;
        while (::waitpid(child, &status, 0) < 0)
            if (errno != EINTR) fail("the child can't be waited for: errno %d", errno);
        if (status != 0) fail("the child of a fork ended with status %#x", static_cast<unsigned>(status));
        ++forks;
    }
}

/// What an exiting process does: ends while its loop is blocked, looked at, or reported.
[[noreturn]] void exit_after(std::chrono::microseconds length)
{
    ::alarm(30);
    // Never destroyed: the loop's thread is inside when the process ends.
    static auto* const ctx = new net::io_context;
    static auto* const guard = make_guard(*ctx).release();
    static auto const work = make_work_guard(*ctx);
    if (!guard->blocks().empty()) fail("nothing has blocked yet");
    std::thread{[] {
        for (;;) {
            post(*ctx, [] { block_for(1500us, guards % 2 == 0); });
            ctx->run_one();
        }
    }}.detach();
    std::this_thread::sleep_for(length);
    std::exit(0);
}

void exiting(std::atomic<bool> const& stop)
{
    dice roll{77};
    while (!stop) {
        std::string name = "guards_come_and_go";
        std::string mode = "--exit";
        std::string length = std::to_string(roll(6000));
        char* const arguments[] = {name.data(), mode.data(), length.data(), nullptr};
        pid_t child = 0;
        if (::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environ) != 0) fail("no child");
        int status = 0;
        while (::waitpid(child, &status, 0) < 0)
            if (errno != EINTR) fail("the child can't be waited for: errno %d", errno);
        if (status != 0) fail("a process that exits ended with status %#x", static_cast<unsigned>(status));
        ++exits;
        std::this_thread::sleep_for(5ms);
    }
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc == 3 && std::strcmp(argv[1], "--exit") == 0) exit_after(std::chrono::microseconds{std::atoi(argv[2])});
    auto const length = stress::time_to_run(argc, argv);
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    threads.emplace_back([&] { on_one_thread(stop, 1); });
    threads.emplace_back([&] { on_one_thread(stop, 2); });
    threads.emplace_back([&] { across_threads(stop, 3); });
    threads.emplace_back([&] { on_own_loops(stop, 4); });
    threads.emplace_back([&] { forking(stop); });
    threads.emplace_back([&] { exiting(stop); });
    threads.emplace_back([&] {
        // A fork may come while another thread asks.
        while (!stop)
            if (!loopwatch::can_capture()) fail("captures do not work any more");
    });
    std::this_thread::sleep_for(length);
    stop = true;
    for (auto& t : threads) t.join();
    std::printf(
        "%lu guards, %lu reports: exact %lu (%lu not in the block itself), flagged %lu, without a stack %lu; %lu "
        "threads ended in a block, %lu "
        "forks, %lu exits, %lu loops of their own\n",
        guards.load(), reports.load(), exact.load(), elsewhere.load(), flagged.load(), without.load(), ended.load(),
        forks.load(), exits.load(), own_loops.load());
    if (exact <= elsewhere || forks == 0 || exits == 0 || ended == 0 || own_loops == 0)
        fail("something did not happen at all");
}
