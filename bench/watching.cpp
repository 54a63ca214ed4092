// SPDX-License-Identifier: BSL-1.0

// What it costs to watch a loop. Whatever is compared was measured in turns in this one process, so that what else
// the machine does hits both sides. Takes the options of Google Benchmark, then the number of turns:
//   watching [--benchmark_...] [turns]
// Exits with 0 if every goal was reached.

#include "cpu_time.hpp"
#include "goals.hpp"
#include "statistics.hpp"

#include <asio.hpp>
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <loopwatch/loopwatch.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <time.h>

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using seconds = std::chrono::duration<double>;
using milliseconds = std::chrono::duration<double, std::milli>;
using microseconds = std::chrono::duration<double, std::micro>;
using clock_type = std::chrono::steady_clock;

// --- time to symbolize ---

// Two functions that differ, for the compiler makes one of two that don't.
[[gnu::noinline]] clock_type::time_point block_here(nanoseconds length)
{
    auto const until = clock_type::now() + length;
    while (clock_type::now() < until) {
    }
    return clock_type::now();
}

[[gnu::noinline]] clock_type::time_point block_there(nanoseconds length)
{
    std::this_thread::sleep_for(length);
    return clock_type::now();
}

/// From the end of a block until it is reported, names and all; also if it is nobody's, as on a busy machine. Once more
/// if there was none.
milliseconds time_to_report(clock_type::time_point (*block)(nanoseconds))
{
    for (int i = 0; i < 100; ++i) {
        asio::io_context loop;
        loopwatch::no_loop_blocking guard{
            loop, {.threshold = 10ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
        clock_type::time_point ended;
        asio::post(loop, [&] { ended = block(20ms); });
        loop.run();
        guard.finish();
        auto const took = clock_type::now() - ended;
        for (auto const& reports : {guard.blocks(), guard.excused()})
            if (!reports.empty() && reports[0].culprit() != nullptr) return took;
    }
    throw std::runtime_error{"blocks of 20 ms were reported without names"};
}

struct time_to_name {
    double first, later;  // ms
};

/// Must be the first use of the library in the process.
time_to_name measure_symbolizing(int turns)
{
    auto const print = [](std::string_view what, double ms) { fmt::print("  {:<56} {:9.2f} ms", what, ms); };
    fmt::print("From the end of a block until it is reported with names\n");
    double const first = time_to_report(block_here).count();
    print("the first in the process, reads the debug information", first);
    fmt::print("\n");
    print("the first at another place", time_to_report(block_there).count());
    fmt::print("\n");
    std::vector<double> later;
    for (int i = 0; i < turns; ++i) later.push_back(time_to_report(block_here).count());
    print("later, where all addresses are known", median(later));
    fmt::print("   (median of {}, at most {:.2f})\n\n", turns, quantile(later, 1));
    return {first, median(later)};
}

// --- a saturated loop ---

/// A handler that does next to nothing and posts itself again: the loop's own work is all there is, so that what a
/// watch adds can't hide.
struct chain {
    asio::io_context& loop;
    int left;

    void operator()()
    {
        if (--left > 0) asio::post(loop, *this);
    }
};

struct run_time {
    double wall;
    double cpu;  // of the loop's thread
};

run_time run_chain(int length, std::optional<nanoseconds> threshold)
{
    asio::io_context loop;
    std::optional<loopwatch::no_loop_blocking> guard;
    if (threshold) guard.emplace(loop, *threshold);
    asio::post(loop, chain{loop, length});
    auto const cpu = cpu_time(CLOCK_THREAD_CPUTIME_ID);
    auto const wall = clock_type::now();
    loop.run();
    return {seconds{clock_type::now() - wall}.count(), seconds{cpu_time(CLOCK_THREAD_CPUTIME_ID) - cpu}.count()};
}

/// Returns the ratios of CPU time.
std::vector<double> measure_saturated(int turns, nanoseconds threshold)
{
    constexpr int length = 3'000'000;
    std::vector<double> per_handler;
    std::vector<double> wall;
    std::vector<double> cpu;
    for (int i = 0; i < turns; ++i) {
        // What comes second finds a machine that is warmer, or has been slowed down: take turns.
        bool const watched_first = i % 2 == 1;
        auto const first = run_chain(length, watched_first ? std::optional{threshold} : std::nullopt);
        auto const second = run_chain(length, watched_first ? std::nullopt : std::optional{threshold});
        auto const& watched = watched_first ? first : second;
        auto const& plain = watched_first ? second : first;
        per_handler.push_back(plain.wall * 1e9 / length);
        wall.push_back(watched.wall / plain.wall);
        cpu.push_back(watched.cpu / plain.cpu);
    }
    fmt::print("A saturated loop, {:.0f} ns per handler, watched with a threshold of {} ms: {} pairs of {} handlers\n",
               median(per_handler), milliseconds{threshold}.count(), turns, length);
    for (auto const& [name, ratios] : {std::pair{"time", wall}, std::pair{"CPU time", cpu}})
        fmt::print(
            "  {:<9} watched / unwatched   median {:.4f}   quartiles {:.4f} to {:.4f}   extremes {:.4f} to "
            "{:.4f}\n",
            name, median(ratios), quantile(ratios, 0.25), quantile(ratios, 0.75), quantile(ratios, 0),
            quantile(ratios, 1));
    // CPU time, which other programs disturb less.
    print_goal("within 1 % in CPU time", median(cpu) < 1.01);
    fmt::print("\n");
    return cpu;
}

// --- an idle loop ---

struct idle_cost {
    double cpu;       // share of one core: all threads of the process
    double loop_cpu;  // of it, the loop's thread
    double wake_ups;  // per second: all threads
    double loop_wake_ups;
};

double wake_ups(int who)
{
    rusage used{};
    ::getrusage(who, &used);
    return static_cast<double>(used.ru_nvcsw);
}

/// The main thread runs the loop, so that no other thread of the process but the library's is awake.
idle_cost run_idle(seconds window, std::optional<nanoseconds> threshold)
{
    asio::io_context loop;
    std::optional<loopwatch::no_loop_blocking> guard;
    if (threshold) guard.emplace(loop, *threshold);
    double all_wakes = 0;
    double own_wakes = 0;
    auto all = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
    auto own = all;
    auto began = clock_type::now();
    asio::steady_timer end{loop};
    // It is watched more closely until it is known where it waits.
    asio::steady_timer settled{loop, 500ms};
    settled.async_wait([&](asio::error_code) {
        all = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
        own = cpu_time(CLOCK_THREAD_CPUTIME_ID);
        all_wakes = wake_ups(RUSAGE_SELF);
        own_wakes = wake_ups(RUSAGE_THREAD);
        began = clock_type::now();
        end.expires_after(std::chrono::duration_cast<nanoseconds>(window));
        end.async_wait([&](asio::error_code) { loop.stop(); });
    });
    loop.run();
    auto const took = seconds{clock_type::now() - began}.count();
    return {seconds{cpu_time(CLOCK_PROCESS_CPUTIME_ID) - all}.count() / took,
            seconds{cpu_time(CLOCK_THREAD_CPUTIME_ID) - own}.count() / took, (wake_ups(RUSAGE_SELF) - all_wakes) / took,
            (wake_ups(RUSAGE_THREAD) - own_wakes) / took};
}

struct idle_result {
    double cpu, cpu_without;  // percent of a core
    double wake_ups;          // per second, all threads
};

idle_result measure_idle(int turns, nanoseconds threshold)
{
    constexpr seconds window = 1s;
    std::map<bool, std::map<std::string, std::vector<double>>> seen;
    for (int i = 0; i < turns; ++i)
        for (bool const watched : {i % 2 == 0, i % 2 == 1}) {
            auto const cost = run_idle(window, watched ? std::optional{threshold} : std::nullopt);
            seen[watched]["cpu"].push_back(cost.cpu * 100);
            seen[watched]["loop cpu"].push_back(cost.loop_cpu * 100);
            seen[watched]["wake-ups"].push_back(cost.wake_ups);
            seen[watched]["loop wake-ups"].push_back(cost.loop_wake_ups);
        }
    fmt::print("An idle loop, threshold {} ms: medians of {} turns of {} s\n", milliseconds{threshold}.count(), turns,
               window.count());
    for (bool const watched : {false, true}) {
        auto& of = seen[watched];
        fmt::print(
            "  {:<9}  CPU {:.4f} % of a core (the loop's thread {:.4f} %), {:.1f} wake-ups/s (the loop's "
            "thread {:.1f})\n",
            watched ? "watched" : "unwatched", median(of["cpu"]), median(of["loop cpu"]), median(of["wake-ups"]),
            median(of["loop wake-ups"]));
    }
    if (threshold == 100ms) print_goal("under 0.2 % of a core", median(seen[true]["cpu"]) < 0.2);
    fmt::print("\n");
    return {median(seen[true]["cpu"]), median(seen[false]["cpu"]), median(seen[true]["wake-ups"])};
}

// --- the pause of a capture ---

constexpr nanoseconds pause_threshold = 5ms;
constexpr nanoseconds pause_window = 2ms;

/// The longest time for which a handler that does nothing but read the clock was kept from it, within the time in
/// which the capture comes: from the threshold on, for the heartbeat interval and a little more.
microseconds longest_gap(bool watched, std::size_t& depth)
{
    asio::io_context loop;
    std::optional<loopwatch::no_loop_blocking> guard;
    if (watched)
        guard.emplace(loop, loopwatch::options{.threshold = pause_threshold, .action = loopwatch::on_block::log},
                      [&](loopwatch::block_report const& r) { depth = r.stack.size(); });
    nanoseconds longest{};
    asio::post(loop, [&] {
        auto last = block_here(pause_threshold);
        for (auto const until = last + pause_window; last < until;) {
            auto const now = clock_type::now();
            longest = std::max<nanoseconds>(longest, now - last);
            last = now;
        }
    });
    loop.run();
    return longest;
}

void measure_pause(int turns)
{
    std::size_t depth = 0;
    std::vector<double> watched;
    std::vector<double> plain;
    for (int i = 0; i < turns * 10; ++i) {
        plain.push_back(longest_gap(false, depth).count());
        watched.push_back(longest_gap(true, depth).count());
    }
    fmt::print(
        "The longest pause in {} ms of a handler that reads the clock, without a capture and with one, of {} "
        "frames: {} pairs\n",
        milliseconds{pause_window}.count(), depth, plain.size());
    for (auto const& [name, gaps] : {std::pair{"without", plain}, std::pair{"with", watched}})
        fmt::print("  {:<8} median {:7.1f} us   quartiles {:7.1f} to {:7.1f}\n", name, median(gaps),
                   quantile(gaps, 0.25), quantile(gaps, 0.75));
    fmt::print("  so a capture takes some {:.0f} us of the loop's thread (difference of the medians)\n\n",
               median(watched) - median(plain));
}

// --- entering and leaving a guard ---

/// In a handler of the loop. Each iteration is a turn of the loop of its own, so that heartbeats come and go.
void time_guards(benchmark::State& state, asio::io_context& loop)
{
    for (auto _ : state) {
        asio::post(loop, [&] {
            auto const began = clock_type::now();
            {
                loopwatch::no_loop_blocking const guard{loop};
            }
            state.SetIterationTime(seconds{clock_type::now() - began}.count());
        });
        loop.restart();
        loop.run();
    }
}

void guard_on_the_loops_thread(benchmark::State& state)
{
    asio::io_context loop;
    time_guards(state, loop);
}

/// With another watch alive, as in a service that has one for all of its life.
void guard_within_another(benchmark::State& state)
{
    asio::io_context loop;
    loopwatch::no_loop_blocking const outer{loop};
    time_guards(state, loop);
}

/// On a thread of its own, as a test does that drives a loop elsewhere.
void guard_on_another_thread(benchmark::State& state)
{
    asio::io_context loop;
    auto work = asio::make_work_guard(loop);
    std::thread runner{[&] { loop.run(); }};
    for (auto _ : state) loopwatch::no_loop_blocking const guard{loop};
    work.reset();
    runner.join();
}

// --- allowances ---

void allowance(benchmark::State& state)
{
    for (auto _ : state) loopwatch::allow_blocking const scope{"reload certificates"};
}

void allowance_with_a_budget(benchmark::State& state)
{
    for (auto _ : state) loopwatch::allow_blocking const scope{"reload certificates", 200ms};
}

/// Two scopes; ends in a log that is full, as after the first 64.
void allowance_and_disallowed_inside(benchmark::State& state)
{
    for (auto _ : state) {
        loopwatch::allow_blocking const scope{"reload certificates"};
        loopwatch::disallow_blocking const inside;
    }
}

void report_as_text(benchmark::State& state)
{
    loopwatch::block_report report;
    asio::io_context loop;
    loopwatch::no_loop_blocking guard{loop,
                                      {.threshold = 10ms, .action = loopwatch::on_block::log},
                                      [&](loopwatch::block_report const& r) { report = r; }};
    asio::post(loop, [] { block_here(20ms); });
    loop.run();
    guard.finish();
    for (auto _ : state) benchmark::DoNotOptimize(to_string(report));
}

void in_repetitions(benchmark::internal::Benchmark* each)
{
    each->Repetitions(9)->DisplayAggregatesOnly()->Unit(benchmark::kMicrosecond);
}

BENCHMARK(guard_on_the_loops_thread)->Apply(in_repetitions)->UseManualTime();
BENCHMARK(guard_within_another)->Apply(in_repetitions)->UseManualTime();
BENCHMARK(guard_on_another_thread)->Apply(in_repetitions)->UseRealTime();
void in_nanoseconds(benchmark::internal::Benchmark* each)
{
    each->Repetitions(9)->DisplayAggregatesOnly()->Unit(benchmark::kNanosecond);
}

BENCHMARK(allowance)->Apply(in_nanoseconds);
BENCHMARK(allowance_with_a_budget)->Apply(in_nanoseconds);
BENCHMARK(allowance_and_disallowed_inside)->Apply(in_nanoseconds);
BENCHMARK(report_as_text)->Unit(benchmark::kMicrosecond);

/// Shows the results as ever, and keeps the medians, for the goals.
class keep_medians : public benchmark::ConsoleReporter {
public:
    keep_medians() : ConsoleReporter{OO_Tabular} {}

    void ReportRuns(std::vector<Run> const& runs) override
    {
        for (Run const& run : runs)
            if (run.aggregate_name == "median") medians[run.run_name.function_name] = run.GetAdjustedRealTime();
        ConsoleReporter::ReportRuns(runs);
    }

    std::map<std::string, double> medians;
};

int main(int argc, char** argv)
{
    benchmark::Initialize(&argc, argv);
    int const turns = argc > 1 ? std::atoi(argv[1]) : 10;
    if (turns <= 0) {
        fmt::print(stderr, "usage: {} [--benchmark_...] [turns]\n", argv[0]);
        return 2;
    }
    auto const naming = measure_symbolizing(turns);

    keep_medians table;
    benchmark::RunSpecifiedBenchmarks(&table);
    for (auto const& [name, time] : table.medians)
        if (name.starts_with("allowance"))
            print_goal(fmt::format("{} under 1 us", name), time < 1000);
        else
            print_goal(fmt::format("{} under 20 us", name), time < 20);
    fmt::print("\n");

    std::vector<std::vector<double>> saturated;
    for (nanoseconds const threshold : {100ms, 10ms}) saturated.push_back(measure_saturated(turns * 2, threshold));
    std::vector<idle_result> idle;
    for (nanoseconds const threshold : {100ms, 10ms}) idle.push_back(measure_idle(turns, threshold));
    measure_pause(turns);

    fmt::print("For docs/cost.md:\n| | threshold 100 ms | threshold 10 ms |\n|---|---|---|\n");
    fmt::print("| a saturated loop, CPU time with a guard to without |");
    for (auto const& cpu : saturated)
        fmt::print(" {:.3f} (quartiles {:.3f} to {:.3f}) |", median(cpu), quantile(cpu, 0.25), quantile(cpu, 0.75));
    fmt::print("\n| an idle loop, share of a core |");
    for (auto const& each : idle) fmt::print(" {:.2f} % ({:.2f} % without) |", each.cpu, each.cpu_without);
    fmt::print("\n| its wake-ups per second, of all threads |");
    for (auto const& each : idle) fmt::print(" {:.0f} |", each.wake_ups);
    fmt::print("\n\n| once | |\n|---|---|\n");
    fmt::print("| a guard entered and left on the loop's thread, nothing seen | {:.1f} us |\n",
               table.medians["guard_on_the_loops_thread"]);
    fmt::print(
        "| from a block's end to its report, the first in the process (reads the debug information) | {:.1f} ms |\n",
        naming.first);
    fmt::print("| later ones | {:.2f} ms |\n\n", naming.later);
    return all_reached ? EXIT_SUCCESS : EXIT_FAILURE;
}
