// SPDX-License-Identifier: BSL-1.0

// A program of whose files none includes more than Asio and the monitor: nobody runs the loop, and that is known.
#include <asio.hpp>

#include <loopwatch/monitor.hpp>

#include <chrono>
#include <cstdio>
#include <thread>

int main()  // NOLINT(bugprone-exception-escape): a test may end by one
{
    using namespace std::chrono_literals;
    asio::io_context ctx;
    loopwatch::monitor monitor{{.threshold = 10ms}};
    auto const watched = monitor.watch(ctx, "idle");
    auto const until = std::chrono::steady_clock::now() + 10s;
    while (monitor.health().loops.at(0).state != loopwatch::loop_state::unattended) {
        if (std::chrono::steady_clock::now() > until) {
            std::puts("a loop that nobody runs is taken for one that is blocked");
            return 1;
        }
        std::this_thread::sleep_for(1ms);
    }
    return monitor.health(0s).ok ? 0 : 1;
}
