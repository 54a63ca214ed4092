// SPDX-License-Identifier: BSL-1.0

// What a block costs: the CPU time of the watchdog's and of the reporter's thread, which share nothing with the loop.
//   blocks [blocks of each kind] [kind]
// Exits with 0 if the goal was reached: a block that a monitor only counts takes 0.2 ms at most.

#include "statistics.hpp"

#include <asio.hpp>
#include <fmt/format.h>
#include <loopwatch/loopwatch.hpp>
#include <loopwatch/monitor.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using microseconds = std::chrono::duration<double, std::micro>;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr nanoseconds threshold = 5ms;
constexpr nanoseconds length = 7ms;
constexpr microseconds goal = 200us;

// --- ten places of each kind ---

std::timed_mutex taken_by_another;

void wait(nanoseconds time) { std::this_thread::sleep_for(time); }

void compute(nanoseconds time)
{
    auto const until = clock_type::now() + time;
    while (clock_type::now() < until) {
    }
}

void wait_for_lock(nanoseconds time) { static_cast<void>(taken_by_another.try_lock_for(time)); }

template <void (*How)(nanoseconds), int Place>
[[gnu::noinline]] void block_here(nanoseconds time)
{
    How(time);
    if constexpr (Place < 0) std::abort();  // each place is a function of its own
}

constexpr int places_of_each = 10;
using place = void (*)(nanoseconds);
using places = std::array<place, places_of_each>;

template <void (*How)(nanoseconds), int... Places>
constexpr places places_of(std::integer_sequence<int, Places...>)
{
    return {&block_here<How, Places>...};
}

template <void (*How)(nanoseconds)>
constexpr places all_places = places_of<How>(std::make_integer_sequence<int, places_of_each>{});

asio::awaitable<void> answer(place block)
{
    block(length);
    co_return;
}

asio::awaitable<void> serve(places const& at, int blocks)
{
    asio::steady_timer pause{co_await asio::this_coro::executor};
    for (int i = 0; i < blocks; ++i) {
        co_await answer(at[static_cast<std::size_t>(i) % at.size()]);
        pause.expires_after(2ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

// --- CPU time ---

/// Of the thread of this name, of both modes.
microseconds cpu_time(std::string_view thread)
{
    for (auto const& each : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::string name;
        std::getline(std::ifstream{each.path() / "comm"}, name);
        std::int64_t on_cpu = 0;
        if (name == thread && std::ifstream{each.path() / "schedstat"} >> on_cpu) return nanoseconds{on_cpu};
    }
    return {};
}

struct cost {
    microseconds watchdog{};
    microseconds reporter{};

    static cost now() { return {cpu_time("loopwatch"), cpu_time("loopwatch-rep")}; }
    friend cost operator-(cost const& a, cost const& b) { return {a.watchdog - b.watchdog, a.reporter - b.reporter}; }
    friend cost operator/(cost const& a, int n) { return {a.watchdog / n, a.reporter / n}; }
    [[nodiscard]] microseconds sum() const { return watchdog + reporter; }
};

void run(asio::io_context& loop, places const& at, int blocks)
{
    asio::co_spawn(loop, serve(at, blocks), asio::detached);
    loop.restart();
    loop.run();
}

// --- who watches ---

struct every_block final : loopwatch::notice_sink {
    void write(loopwatch::block_notice const&) override {}
    [[nodiscard]] bool wants_every_block() const noexcept override { return true; }
};

struct measured {
    cost first;  // of one block at each place, the first in the process if this is
    cost each;
    std::uint64_t counted{0};
};

measured with_monitor(places const& at, int blocks, loopwatch::monitor_limits limits,
                      std::vector<loopwatch::monitor_sink> sinks)
{
    measured result;
    asio::io_context loop;
    loopwatch::monitor monitor{loop, {.threshold = threshold}, std::move(sinks), limits};
    static_cast<void>(monitor.flush(10s));
    cost const before = cost::now();
    run(loop, at, places_of_each);
    static_cast<void>(monitor.flush(10s));
    cost const between = cost::now();
    result.first = (between - before) / places_of_each;
    run(loop, at, blocks);
    static_cast<void>(monitor.flush(10s));
    result.each = (cost::now() - between) / blocks;
    for (auto const& path : monitor.top(100)) result.counted += path.count;
    return result;
}

measured with_guard(places const& at, int blocks)
{
    measured result;
    asio::io_context loop;
    std::uint64_t told = 0;
    loopwatch::no_loop_blocking guard{loop,
                                      {.threshold = threshold, .action = loopwatch::on_block::log},
                                      [&](loopwatch::block_report const&) { ++told; }};
    cost const before = cost::now();
    run(loop, at, places_of_each);
    static_cast<void>(guard.dropped());
    static_cast<void>(guard.blocks());
    cost const between = cost::now();
    result.first = (between - before) / places_of_each;
    run(loop, at, blocks);
    static_cast<void>(guard.blocks());
    result.each = (cost::now() - between) / blocks;
    guard.finish();
    result.counted = told;
    return result;
}

/// The looks alone: nothing is a block.
cost without_blocks(places const& at, int blocks)
{
    asio::io_context loop;
    loopwatch::monitor const monitor{loop, {.threshold = 1h, .heartbeat_interval = threshold / 4}, {}, {}};
    run(loop, at, 1);
    cost const before = cost::now();
    run(loop, at, blocks);
    return (cost::now() - before) / blocks;
}

}  // namespace

int main(int argc, char** argv)
{
    int const blocks = argc > 1 ? std::atoi(argv[1]) : 300;
    if (blocks <= 0) {
        fmt::print(stderr, "usage: {} [blocks of each kind] [kind]\n", argv[0]);
        return 2;
    }
    std::optional<std::lock_guard<std::timed_mutex>> held;
    std::thread{[&] { held.emplace(taken_by_another); }}.join();

    fmt::print("CPU time of a block, in us: {} blocks of {} ms with a threshold of {} ms, at {} places\n\n", blocks,
               length / 1ms, threshold / 1ms, places_of_each);
    fmt::print("{:<14} {:<22} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "", "", "watchdog", "reporter", "looks", "a block",
               "the first");
    microseconds worst{};
    struct kind {
        std::string_view name;
        places const& at;
    };
    std::string lines;
    for (kind const& k : {kind{"asleep", all_places<wait>}, kind{"computing", all_places<compute>},
                          kind{"for a lock", all_places<wait_for_lock>}}) {
        if (argc > 2 && k.name != argv[2]) continue;
        cost const looks = without_blocks(k.at, blocks);
        std::string line = fmt::format("| {} |", k.name);
        auto const print = [&](std::string_view who, measured const& m) {
            // What is no block's: the looks.
            microseconds const block = m.each.sum() - looks.sum();
            fmt::print("{:<14} {:<22} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f}   ({} seen)\n", k.name, who,
                       m.each.watchdog.count(), m.each.reporter.count(), looks.sum().count(), block.count(),
                       m.first.sum().count(), m.counted);
            line += fmt::format(" {:.0f} us |", block.count());
            return block;
        };
        loopwatch::monitor_limits const none{.full_reports_per_minute = 0, .lines_per_minute = 0};
        worst = std::max(worst, print("counted", with_monitor(k.at, blocks, none, {})));
        print("to a sink", with_monitor(k.at, blocks, none, {std::make_shared<every_block>()}));
        print("a guard's sink", with_guard(k.at, blocks));
        lines += line + "\n";
    }
    bool const reached = worst <= goal;
    fmt::print("\n  {}: a block that is only counted takes {:.0f} us at most ({:.0f} us)\n",
               reached ? "reached" : "MISSED", goal.count(), worst.count());
    fmt::print("\nFor docs/cost.md:\n{}\n", lines);
    return reached ? EXIT_SUCCESS : EXIT_FAILURE;
}
