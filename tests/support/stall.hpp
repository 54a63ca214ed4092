// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <thread>
#include <vector>

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

[[gnu::noinline]] inline truth spin_through(nanoseconds d)
{
    auto const began = test_clock::now();
    auto now = began;
    while (now < began + d) now = test_clock::now();
    return {began, now};
}

inline bool stack_names(loopwatch::block_report const& report, std::string_view function)
{
    for (auto const& f : report.stack)
        if (f.function.find(function) != f.function.npos) return true;
    return false;
}

inline bool culprit_is(loopwatch::block_report const& report, std::string_view function)
{
    auto const* const f = report.culprit();
    return f != nullptr && f->function.find(function) != f->function.npos;
}
