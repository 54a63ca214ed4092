// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "catch.hpp"
#include "stall.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include <loopwatch/loopwatch.hpp>

/// A stall of a loop as it was meant, and as it came about.
struct logged_stall {
    nanoseconds meant{};  // so long asleep, or on a CPU
    bool sleeps{false};
    std::string_view where;
    test_clock::time_point free_before;  // the loop could run a heartbeat after this
    truth was;
    test_clock::time_point free_after;  // and again before this

    /// A sleep is as long as the kernel made it, whose timers may be late; what waits for a CPU is nobody's block.
    [[nodiscard]] nanoseconds held() const { return sleeps ? was.length() : meant; }
};

/// How long stalls are to be, in turn and at random: half of them certainly no block, and half of them one, whatever
/// the heartbeat's phase and a machine's small change.
class stall_lengths {
public:
    static constexpr nanoseconds threshold = 10ms;

    explicit stall_lengths(unsigned seed) : random_{seed} {}

    nanoseconds next()
    {
        is_long_ = !is_long_;
        std::uniform_int_distribution<int> us{is_long_ ? 14'000 : 3'000, is_long_ ? 40'000 : 7'000};
        return std::chrono::microseconds{us(random_)};
    }
    std::chrono::microseconds pause(int from, int to)
    {
        return std::chrono::microseconds{std::uniform_int_distribution<int>{from, to}(random_)};
    }

private:
    std::mt19937 random_;
    bool is_long_{false};
};

/// Each stall that is a block was reported once, none twice and nothing else, and all that is said of their lengths is
/// true. A machine that is late may hide a block that is short, or excuse it; it makes no block of what was none.
inline void check_each_once(std::vector<logged_stall> const& stalls, std::vector<loopwatch::block_report> const& blocks,
                            std::vector<loopwatch::block_report> const& excused, nanoseconds threshold,
                            nanoseconds interval, nanoseconds late)
{
    auto const to_steady = [now = test_clock::now(), wall = std::chrono::system_clock::now()](auto at) {
        return now - std::chrono::duration_cast<nanoseconds>(wall - at);
    };
    constexpr std::size_t none = ~std::size_t{0};
    auto const stall_of = [&](loopwatch::block_report const& b) {
        auto const from = to_steady(b.began_at);
        auto const overlap = [&](logged_stall const& s) {
            return std::min(from + b.duration, s.was.ended) - std::max(from, s.was.began);
        };
        auto const most = std::ranges::max_element(stalls, {}, overlap);
        return most == stalls.end() || overlap(*most) <= 0ns ? none : static_cast<std::size_t>(most - stalls.begin());
    };
    // Long enough for the watchdog to look at it, and not at what the handler did after it.
    auto const is_certain = [&](nanoseconds length) { return length >= threshold + interval + late; };
    std::vector<int> reported(stalls.size(), 0);
    std::uint64_t number = 0;
    std::size_t exact = 0;
    for (auto const& b : blocks) {
        if (!b.ended) continue;  // a word in between
        INFO(to_string(b));
        CHECK(b.number == ++number);
        auto const at = stall_of(b);
        REQUIRE(at != none);
        ++reported[at];
        auto const& s = stalls[at];
        INFO("stall " << at << " of " << s.meant.count() << " ns, " << s.was.length().count()
                      << " by the clock, late by " << late.count());
        CHECK(s.held() >= threshold);
        CHECK(b.own_duration <= s.was.length() + late);
        CHECK(b.duration <= s.free_after - s.free_before);
        CHECK(b.duration_max >= s.was.length());
        if (b.duration_max - b.duration <= interval + late) ++exact;
        if (b.stack_quality != loopwatch::stack_quality::exact)
            CHECK_FALSE(b.stack_missing.empty());
        else if (is_certain(s.held()))
            CHECK(culprit_is(b, s.where));
    }
    // Each may have its late moment.
    CHECK(2 * exact >= number);
    for (auto const& b : excused)
        if (auto const at = stall_of(b); at != none) ++reported[at];
    std::size_t certain = 0;
    for (auto const& s : stalls) {
        auto const at = static_cast<std::size_t>(&s - stalls.data());
        INFO("stall " << at << " of " << s.meant.count() << " ns, " << s.was.length().count()
                      << " by the clock, late by " << late.count());
        CHECK(reported[at] <= 1);
        if (!is_certain(s.meant)) continue;
        ++certain;
        CHECK(reported[at] == 1);
    }
    INFO("late by " << late.count() << " ns");
    if (late < threshold) CHECK(certain >= stalls.size() / 10);
}
