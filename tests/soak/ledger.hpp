// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "machine.hpp"
#include "stalls.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <loopwatch/monitor.hpp>

// Who did what to the loops, what the monitor told of it, and whether that is the same.

namespace soak {

/// The loop's own watch is named "loop 2"; one that comes and goes "guest of loop 2".
inline constexpr std::string_view loop_prefix = "loop ";
inline constexpr std::string_view guest_prefix = "guest of loop ";

/// A report, with times by the steady clock.
struct told {
    loopwatch::block_report report;
    time_point began_at{}, ended_at{};  ///< the late heartbeat was sent, and ran
    std::size_t loop{};
    bool of_guest{};
};

/// From `from_at` to `to_at` a setting of one loop, or of all, changed: what was under way then is judged less
/// strictly.
struct change {
    static constexpr std::size_t every_loop = ~std::size_t{0};
    time_point from_at{}, to_at{};
    std::size_t loop{every_loop};
    nanoseconds threshold{};  ///< from then on; 0: as before
};

/// Receives every block, and keeps it until it is settled.
class told_blocks final : public loopwatch::notice_sink {
public:
    void write(loopwatch::block_notice const& notice) override
    {
        loopwatch::block_report const& report = notice.report;
        auto const wall = std::chrono::system_clock::now();
        auto const steady = test_clock::now();
        told t{.report = report, .of_guest = report.loop.starts_with(guest_prefix)};
        t.began_at = steady - std::chrono::duration_cast<nanoseconds>(wall - report.began_at);
        t.ended_at = t.began_at + report.duration;
        t.loop = static_cast<std::size_t>(report.loop.back() - '0');
        std::lock_guard const hold{mutex_};
        // One that lasts may have been told before, without its whole length.
        std::erase_if(all_, [&](told const& before) { return before.report.number == report.number; });
        all_.push_back(std::move(t));
    }
    [[nodiscard]] bool wants_every_block() const noexcept override { return true; }

    [[nodiscard]] std::vector<told> take()
    {
        std::lock_guard const hold{mutex_};
        return std::exchange(all_, {});
    }

private:
    std::mutex mutex_;
    std::vector<told> all_;
};

/// One line of the table.
struct tally {
    std::uint64_t injected{0}, required{0}, found{0}, excused{0}, missed{0};
    std::uint64_t cause_right{0}, cause_wrong{0}, cause_not_judged{0}, merged{0}, disturbed{0}, slow{0};
};

class ledger {
public:
    explicit ledger(lateness_log const& lateness) : lateness_{lateness} {}

    void add(stall const& s)
    {
        std::lock_guard const hold{mutex_};
        stalls_.push_back(s);
    }
    void add(change const& c)
    {
        std::lock_guard const hold{mutex_};
        changes_.push_back(c);
    }

    /// Compares all that was done until now with all that was told of it. Nothing may be under way.
    void settle(std::vector<told> const& reports)
    {
        std::lock_guard const hold{mutex_};
        told_ += reports.size();
        for (told const& each : reports) judge(each);
        for (stall const& each : stalls_) judge(each, reports);
        stalls_.clear();
        changes_ = {{.threshold = threshold_at(time_point::max())}};
    }

    [[nodiscard]] bool is_right() const { return errors_ == 0; }
    [[nodiscard]] std::uint64_t told_so_far() const { return told_; }

    void error(char const* what, std::string const& details = {})
    {
        ++errors_;
        if (errors_ <= most_shown) std::printf("WRONG: %s\n%s", what, details.c_str());
        std::fflush(stdout);
    }

    void print() const
    {
        std::printf(
            "                    of threshold            by the                    cause                between\n"
            "            injected + interval  found  machine  missed  right  wrong  not judged  merged  changes\n");
        for (kind const k : all_kinds) {
            tally const& t = tallies_.at(static_cast<std::size_t>(k));
            std::printf("%-14s %5llu %10llu %6llu %8llu %7llu %6llu %6llu %11llu %7llu %8llu\n",
                        std::string{to_string(cause_of(k))}.c_str(), count(t.injected), count(t.required),
                        count(t.found), count(t.excused), count(t.missed), count(t.cause_right), count(t.cause_wrong),
                        count(t.cause_not_judged), count(t.merged), count(t.disturbed));
        }
        std::printf("blocks told: %llu of stalls, %llu excused by the machine, %llu invented\n", count(matched_),
                    count(machines_), count(invented_));
        std::printf("durations judged: %llu, wrong %llu; the widest bracket beyond the interval %.1f ms\n",
                    count(durations_judged_), count(durations_wrong_), in_ms(widest_));
        std::fflush(stdout);
    }

private:
    static constexpr std::uint64_t most_shown = 10;
    static unsigned long long count(std::uint64_t n) { return n; }
    static double in_ms(nanoseconds n) { return std::chrono::duration<double, std::milli>{n}.count(); }

    /// Clocks are compared through the wall clock, whose pace is corrected now and then.
    static constexpr nanoseconds clocks_differ_by = 500us;

    [[nodiscard]] static bool overlap(told const& t, stall const& s)
    {
        return t.loop == s.loop && t.began_at <= s.drained_at + clocks_differ_by &&
               t.ended_at >= s.posted_at - clocks_differ_by;
    }

    [[nodiscard]] nanoseconds threshold_at(time_point when) const
    {
        nanoseconds last{};
        for (change const& each : changes_)
            if (each.to_at <= when && each.threshold > nanoseconds{0}) last = each.threshold;
        return last;
    }
    [[nodiscard]] bool is_disturbed(stall const& s) const
    {
        return std::ranges::any_of(changes_, [&](change const& c) {
            return (c.loop == change::every_loop || c.loop == s.loop) && c.from_at <= s.drained_at &&
                   c.to_at >= s.posted_at;
        });
    }

    static std::string text_of(stall const& s)
    {
        char line[300];
        std::snprintf(
            line, sizeof line,
            "  injected: %s on loop %zu for %.3f ms (kept from a CPU for %.3f ms, computed %.3f ms); it waited %.3f ms "
            "for its turn, and what was behind it %.3f ms\n",
            std::string{to_string(cause_of(s.kind))}.c_str(), s.loop, in_ms(s.length()), in_ms(s.cpu_waits),
            in_ms(s.cpu_time), in_ms(s.began_at - s.posted_at), in_ms(s.drained_at - s.ended_at));
        return line;
    }
    static std::string text_of(told const& t)
    {
        return to_string(t.report) + "  at most " + std::to_string(in_ms(t.report.duration_max)) + " ms; excuse '" +
               t.report.excuse + "'\n";
    }

    /// Whether it is of something that was done.
    void judge(told const& t)
    {
        bool const is_excused = !t.report.excuse.empty();
        nanoseconds longest{-1};
        stall const* of = nullptr;
        for (stall const& s : stalls_) {
            if (!overlap(t, s) || s.drained_at - s.posted_at <= longest) continue;
            longest = s.drained_at - s.posted_at;
            of = &s;
        }
        if (of != nullptr && longest + clocks_differ_by >= t.report.threshold) {
            ++matched_;
            return;
        }
        if (is_excused) {
            ++machines_;
            return;
        }
        ++invented_;
        error("a block was told that nobody made", text_of(t) + (of != nullptr ? text_of(*of) : ""));
    }

    /// Whether it was told, once, with what it was.
    void judge(stall const& s, std::vector<told> const& reports)
    {
        tally& t = tallies_.at(static_cast<std::size_t>(s.kind));
        ++t.injected;
        std::vector<told const*> of_it;
        for (told const& each : reports)
            if (!each.of_guest && overlap(each, s)) of_it.push_back(&each);
        if (is_disturbed(s)) {
            ++t.disturbed;
            return;
        }
        nanoseconds const threshold = threshold_at(s.posted_at);
        nanoseconds const interval = threshold / 4;
        nanoseconds const noise = lateness_.noise(s.posted_at - 50ms, s.drained_at + 50ms);
        bool const is_required = s.length() >= threshold + interval + noise;
        if (is_required) ++t.required;
        if (of_it.empty()) {
            if (!is_required) return;
            ++t.missed;
            error("a stall was missed", text_of(s) + "  threshold " + std::to_string(in_ms(threshold)) + " ms, noise " +
                                            std::to_string(in_ms(noise)) + " ms\n");
            return;
        }
        told const* const first = of_it.front();
        auto const blamed = std::ranges::count_if(of_it, [](told const* each) { return each->report.excuse.empty(); });
        if (blamed > 1) error("a stall was told twice", text_of(s) + text_of(*of_it[0]) + text_of(*of_it[1]));
        if (is_required) ++t.found;
        if (blamed == 0) {
            if (is_required) ++t.excused;
            // Only the machine excuses: it must have kept the loop or the watchdog from a CPU.
            if (is_required && s.cpu_waits * 10 <= s.length() && noise <= interval)
                error("a stall was excused, and the machine was not to blame", text_of(s) + text_of(*first));
            return;
        }
        told const& one = **std::ranges::find_if(of_it, [](told const* each) { return each->report.excuse.empty(); });
        auto const covers = std::ranges::count_if(stalls_, [&](stall const& other) { return overlap(one, other); });
        if (covers > 1) {
            ++t.merged;
            return;
        }
        judge_durations(s, one, interval, noise);
        judge_cause(s, one, t);
    }

    void judge_durations(stall const& s, told const& one, nanoseconds interval, nanoseconds noise)
    {
        ++durations_judged_;
        // A heartbeat that waited for this stall was sent after the stall's handler was posted: one sent before had its
        // turn before. And it had its turn before what was posted at the stall's end.
        bool const too_long = one.report.duration > s.drained_at - s.posted_at + noise;
        bool const too_short = one.report.duration_max < s.length();
        nanoseconds const beyond = one.report.duration_max - one.report.duration - interval;
        bool const too_wide = beyond > noise + (s.began_at - s.posted_at);
        widest_ = std::max(widest_, beyond);
        if (!too_long && !too_short && !too_wide) return;
        ++durations_wrong_;
        error(too_long    ? "a duration is longer than the truth"
              : too_short ? "a duration's upper bound is below the truth"
                          : "a duration's bounds are too far apart",
              text_of(s) + text_of(one) + "  noise " + std::to_string(in_ms(noise)) + " ms\n");
    }

    /// The cause is judged where the machine let it be seen: the block was not excused, a disk did let it wait, and of
    /// many handlers three samples were taken, with the loop's thread on its CPU for nearly all the time. Unknown,
    /// which is not wrong, it may be where there is one sample only, or where the thread was kept from its CPU for a
    /// tenth of the time.
    void judge_cause(stall const& s, told const& one, tally& t)
    {
        std::size_t const samples = one.report.samples.size();
        bool const waited_for_disk = s.kind != kind::disk || s.cpu_time * 3 <= s.length();
        bool const was_most_of_it = s.length() * 10 >= (s.drained_at - s.posted_at) * 9;
        bool const showed_handlers = s.kind != kind::backlog || (samples >= 3 && s.cpu_waits * 10 <= s.length());
        bool const is_unknown = one.report.cause == cause::unknown && (samples <= 1 || s.cpu_waits * 10 > s.length());
        if (!waited_for_disk || !was_most_of_it || !showed_handlers || is_unknown) {
            ++t.cause_not_judged;
            return;
        }
        if (one.report.cause == cause_of(s.kind)) {
            ++t.cause_right;
            return;
        }
        ++t.cause_wrong;
        error("the cause is wrong", text_of(s) + text_of(one));
    }

    lateness_log const& lateness_;
    std::mutex mutex_;
    std::vector<stall> stalls_;
    std::vector<change> changes_;
    std::array<tally, all_kinds.size()> tallies_{};
    std::uint64_t told_{0}, matched_{0}, machines_{0}, invented_{0}, durations_judged_{0}, durations_wrong_{0};
    nanoseconds widest_{0};
    std::atomic<std::uint64_t> errors_{0};
};

}  // namespace soak
