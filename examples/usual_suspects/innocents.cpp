// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"
#include "suspect.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

// --- a slow co_await ---

static asio::awaitable<void> pause_for(std::chrono::steady_clock::duration length)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, length};
    co_await timer.async_wait(asio::use_awaitable);
}

static deed prepare_slow_co_await()
{
    return []() -> asio::awaitable<void> { co_await pause_for(2 * long_enough); };
}

// --- a machine with too much to do ---

static void burn()
{
    for (std::atomic<unsigned> turns{0};;) ++turns;
}

static void answer_one_request()
{
    auto const until = std::chrono::steady_clock::now() + 500us;
    while (std::chrono::steady_clock::now() < until) {
    }
}

/// Four processes for each CPU, which leave the loop a fifth of its share.
static deed prepare_starved()
{
    auto const hogs = std::make_shared<std::vector<other_process>>();
    for (unsigned i = 0; i < 4 * std::max(1U, std::thread::hardware_concurrency()); ++i) hogs->emplace_back(burn);
    return [hogs]() -> asio::awaitable<void> {
        for (auto const until = std::chrono::steady_clock::now() + 1500ms; std::chrono::steady_clock::now() < until;) {
            answer_one_request();
            co_await pause_for(500us);
        }
    };
}

std::vector<suspect> innocents()
{
    return {
        {"slow_co_await", "waits with co_await", prepare_slow_co_await, {}},
        {"starved", "runs on a machine with too much to do", prepare_starved, {}},
    };
}
