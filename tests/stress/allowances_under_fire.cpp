// SPDX-License-Identifier: BSL-1.0

// Allowances are opened and closed on several threads, in and out of order and on each other's behalf, while loops
// block and reports of it are composed, threads end, and the process forks. No more is blamed than was not allowed, and
// what was not is never missed.
#include "stress/support/run.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using loopwatch::allow_blocking;
using loopwatch::disallow_blocking;
using stress::clock;
using stress::dice;
using stress::fail;

constexpr auto threshold = 2ms;

std::atomic<unsigned long> scopes{0}, excused{0}, blamed{0}, partly{0}, missed{0}, foreign{0}, threads_ended{0},
    forks{0};

using scope = std::unique_ptr<allow_blocking>;

scope open(dice& roll)
{
    ++scopes;
    auto const reason = "reason " + std::to_string(roll(12));
    return roll(2) == 0 ? std::make_unique<allow_blocking>(reason) : std::make_unique<allow_blocking>(reason, 1h);
}

/// Scopes that end on another thread than their own.
class lost_property {
public:
    scope swap(scope mine, dice& roll)
    {
        std::lock_guard const hold{mutex_};
        if (left_.size() < 8) {
            left_.push_back(std::move(mine));
            return nullptr;
        }
        ++foreign;
        std::swap(mine, left_[roll(8)]);
        return mine;
    }

private:
    std::mutex mutex_;
    std::vector<scope> left_;
};

/// Many short scopes, in which nothing is to be found but the loop's own time.
void many_scopes(dice& roll, clock::duration length)
{
    auto const until = clock::now() + length;
    while (clock::now() < until) {
        std::vector<scope> open_ones;
        for (unsigned i = roll(4); i > 0; --i) open_ones.push_back(open(roll));
        while (!open_ones.empty()) {
            auto const which =
                open_ones.begin() + static_cast<std::ptrdiff_t>(roll(static_cast<unsigned>(open_ones.size())));
            open_ones.erase(which);
        }
    }
}

/// Loops with a handler that is allowed to block, or is not, or is in part.
void loops(std::atomic<bool> const& stop, unsigned seed)
{
    dice roll{seed};
    for (unsigned round = seed; !stop; ++round) {
        net::io_context ctx;
        loopwatch::no_loop_blocking guard{
            ctx, {.threshold = threshold, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
        unsigned const kind = round % 3;
        auto const length = std::chrono::microseconds{6000 + roll(4000)};
        std::chrono::nanoseconds allowed{};
        post(ctx, [&] {
            many_scopes(roll, 200us);
            if (kind != 1) {
                scope const all = open(roll);
                auto const began = clock::now();
                many_scopes(roll, length);
                sleep_through(1ms);
                allowed = clock::now() - began;
            }
            if (kind != 0) {
                disallow_blocking const inside;
                sleep_through(length);
            }
            many_scopes(roll, 200us);
        });
        auto const began = clock::now();
        ctx.run();
        // Whatever else kept this thread from its work: no more than this can be blamed.
        std::chrono::nanoseconds const most = clock::now() - began - allowed;
        guard.finish();
        for (auto const& r : guard.blocks())
            if (r.own_duration > most)
                fail("%.1f ms were not allowed, but more are blamed:\n%s", static_cast<double>(most.count()) / 1e6,
                     to_string(r).c_str());
        // On more busy threads than there are processors the watchdog may have no CPU for as long as a block.
        if (kind == 1 && guard.blocks().empty() && guard.excused().empty()) ++missed;
        for (auto const& r : guard.excused())
            if (kind == 1 && r.own_duration >= threshold)
                fail("what was not allowed is excused:\n%s", to_string(r).c_str());
        excused += guard.excused().size();
        blamed += kind == 1 ? guard.blocks().size() : 0;
        partly += kind == 2 ? guard.blocks().size() : 0;
    }
}

/// Threads that have no loop, exchange scopes, and end.
void others(std::atomic<bool> const& stop, unsigned seed, lost_property& office)
{
    dice roll{seed};
    while (!stop) {
        std::thread{[&] {
            for (unsigned i = 10 + roll(50); i > 0; --i) {
                scope mine = open(roll);
                if (roll(2) == 0) mine = office.swap(std::move(mine), roll);
                disallow_blocking const inside;
            }
        }}.join();
        ++threads_ended;
    }
}

void forking(std::atomic<bool> const& stop)
{
    dice roll{99};
    while (!stop) {
        std::this_thread::sleep_for(10ms);
        scope const of_the_parent = open(roll);
        pid_t const child = ::fork();
        if (child < 0) fail("no fork: errno %d", errno);
        if (child == 0) {
            ::alarm(30);
            // The address sanitizer of gcc 12 leaves its allocator's locks as other threads held them.
            if (stress::under_asan) ::_exit(0);
            for (int i = 0; i < 10; ++i) scope const of_the_child = open(roll);
            ::_exit(loopwatch::unused_allowances().size() > 1000 ? 1 : 0);
        }
        int status = 0;
        while (::waitpid(child, &status, 0) < 0)
            if (errno != EINTR) fail("the child can't be waited for: errno %d", errno);
        if (status != 0) fail("the child of a fork ended with status %#x", static_cast<unsigned>(status));
        ++forks;
    }
}

}  // namespace

int main(int argc, char** argv)
{
    auto const length = stress::time_to_run(argc, argv);
    std::atomic<bool> stop{false};
    lost_property office;
    std::vector<std::thread> threads;
    threads.emplace_back([&] { loops(stop, 1); });
    threads.emplace_back([&] { loops(stop, 2); });
    threads.emplace_back([&] { others(stop, 3, office); });
    threads.emplace_back([&] { others(stop, 4, office); });
    threads.emplace_back([&] { forking(stop); });
    auto const all_happened = [] {
        return excused > 0 && blamed > 0 && partly > 0 && foreign > 0 && threads_ended > 0 && forks > 0;
    };
    auto const began = clock::now();
    std::this_thread::sleep_for(length);
    while (!all_happened() && clock::now() < began + 10 * length) std::this_thread::sleep_for(10ms);  // a busy machine
    stop = true;
    for (auto& t : threads) t.join();
    std::printf(
        "%lu scopes, %lu of them ended on another thread; %lu blocks excused, %lu blamed, %lu in part; %lu threads "
        "ended, %lu forks\n",
        scopes.load(), foreign.load(), excused.load(), blamed.load(), partly.load(), threads_ended.load(),
        forks.load());
    if (!all_happened()) fail("something did not happen at all");
    if (missed > blamed) fail("%lu blocks were missed", missed.load());
}
