// SPDX-License-Identifier: BSL-1.0

// A service that blocks its loop, and is then ended by others: service FILE HOW [small]
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <asio.hpp>
#include <loopwatch/asio.hpp>
#include <loopwatch/black_box.hpp>
#include <loopwatch/monitor.hpp>

using namespace std::chrono_literals;

namespace {

std::mutex held_by_another;
std::atomic<int> computed{0};
std::sig_atomic_t volatile eats_memory = 0;

[[gnu::noinline]] void sleeps_in_a_handler()
{
    std::this_thread::sleep_for(1h);
    computed = 1;
}

[[gnu::noinline]] void computes_in_a_handler()
{
    for (;;) computed = computed + 1;
}

[[gnu::noinline]] void waits_for_a_lock()
{
    std::lock_guard const hold{held_by_another};
    computed = 1;
}

[[gnu::noinline]] void holds_the_lock(std::atomic<bool>& has_it)
{
    std::lock_guard const hold{held_by_another};
    has_it = true;
    std::this_thread::sleep_for(1h);
}

[[gnu::noinline]] void was_slow_before() { std::this_thread::sleep_for(60ms); }

}  // namespace

int main(int count, char** arguments)
try {
    if (count < 3) return 2;
    std::string const how = arguments[2];
    std::signal(SIGTERM, [](int) { ::_exit(7); });
    std::signal(SIGUSR1, [](int) { eats_memory = 1; });
    std::thread{[] {
        while (eats_memory == 0) std::this_thread::sleep_for(1ms);
        for (std::vector<char*> all;;) {
            all.push_back(static_cast<char*>(std::malloc(1 << 20)));
            std::memset(all.back(), 1, 1 << 20);
        }
    }}.detach();
    std::atomic<bool> has_it{false};
    if (how == "lock") {
        std::thread{[&] { holds_the_lock(has_it); }}.detach();
        while (!has_it) std::this_thread::yield();
    }

    // One that tells of nothing must not do so on a machine that is late.
    loopwatch::monitor monitor{{.threshold = how == "nothing" ? 1h : std::chrono::nanoseconds{20ms}}, {}};
    loopwatch::black_box_size size;
    if (count > 3) size = {.blocks = 2, .reports = 65536};
    monitor.record_to(loopwatch::black_box{arguments[1], size});
    asio::io_context ctx;
    auto const watched = monitor.watch(ctx, "api");
    if (how == "twice") {
        post(ctx, [] { was_slow_before(); });
        ctx.run();
        ctx.restart();
        static_cast<void>(monitor.flush(10s));
    }
    if (how != "nothing")
        post(ctx, [&] {
            if (how == "compute")
                computes_in_a_handler();
            else if (how == "lock")
                waits_for_a_lock();
            else
                sleeps_in_a_handler();
        });
    auto const work = make_work_guard(ctx);
    ctx.run();
    return 0;
} catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 3;
}
