// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <thread>
#include <vector>

#include <time.h>

#include <loopwatch/loopwatch.hpp>

using namespace std::chrono_literals;
using test_clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

/// How long something really took.
struct truth {
    test_clock::time_point began, ended;
    [[nodiscard]] nanoseconds length() const { return ended - began; }
};

[[gnu::noinline]] inline truth sleep_through(nanoseconds d)
{
    auto const began = test_clock::now();
    std::this_thread::sleep_until(began + d);
    return {began, test_clock::now()};
}

/// Computes for so long of the thread's own time: on a busy machine a wait for a CPU is nobody's block. All of it here,
/// for this is the culprit; and little of it in the kernel, which is asked for the time.
[[gnu::noinline]] inline truth spin_through(nanoseconds d)
{
    auto const began = test_clock::now();
#if defined(CLOCK_THREAD_CPUTIME_ID)
    timespec at{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    auto const until = std::chrono::seconds{at.tv_sec} + nanoseconds{at.tv_nsec} + d;
    while (std::chrono::seconds{at.tv_sec} + nanoseconds{at.tv_nsec} < until) {
        for (int volatile i = 0; i < 50'000;) i = i + 1;
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    }
    return {began, test_clock::now()};
#else
    auto now = began;
    while (now < began + d) now = test_clock::now();
    return {began, now};
#endif
}

inline bool stack_names(loopwatch::block_report const& report, std::string_view function)
{
    for (auto const& f : report.stack)
        if (f.function.find(function) != f.function.npos) return true;
    return false;
}

/// What a busy machine does to a loop may be excused at any time, and is no matter of the tests'.
inline void drop_starved(std::vector<loopwatch::block_report>& excused)
{
    std::erase_if(excused, [](loopwatch::block_report const& r) { return r.excuse.starts_with("only "); });
}

/// Every block that a guard saw, blamed or not: where the watchdog itself is late, also a block is excused.
inline std::vector<loopwatch::block_report> all_seen_by(loopwatch::no_loop_blocking& guard)
{
    guard.finish();
    auto all = guard.blocks();
    auto const excused = guard.excused();
    all.insert(all.end(), excused.begin(), excused.end());
    return all;
}

/// The longest of them.
inline std::vector<loopwatch::block_report> longest_seen_by(loopwatch::no_loop_blocking& guard)
{
    auto const all = all_seen_by(guard);
    auto const longest = std::ranges::max_element(all, {}, &loopwatch::block_report::duration);
    return longest == all.end() ? all : std::vector{*longest};
}

inline bool culprit_is(loopwatch::block_report const& report, std::string_view function)
{
    auto const* const f = report.culprit();
    return f != nullptr && f->function.find(function) != f->function.npos;
}
