// SPDX-License-Identifier: BSL-1.0

// How well blocks are found: stalls of known length, begun at random moments, against what was reported of them.
//   detection [stalls of each kind and length]
// Exits with 0 if every goal was reached.

#include "statistics.hpp"

#include <asio.hpp>
#include <fmt/format.h>
#include <loopwatch/impl/platform/thread.hpp>
#include <loopwatch/loopwatch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using milliseconds = std::chrono::duration<double, std::milli>;
using clock_type = std::chrono::steady_clock;
using wall_clock = std::chrono::system_clock;

constexpr std::chrono::nanoseconds threshold = 10ms;
constexpr auto sure = threshold + threshold / 4;  // with the default interval: from here on nothing may be missed

[[gnu::noinline]] void stall_sleeping(clock_type::duration length) { std::this_thread::sleep_for(length); }

[[gnu::noinline]] void stall_spinning(clock_type::duration length)
{
    auto const until = clock_type::now() + length;
    while (clock_type::now() < until) {
    }
}

struct kind {
    std::string_view name;
    void (*stall)(clock_type::duration);
    std::string_view culprit;
    bool after_others{false};  // each stall comes right after a handler that is long, but not too long
};

/// One stall as the program itself saw it, from inside the handler.
struct stall {
    wall_clock::time_point began_at;  // reports tell the wall clock's time: only to find which belongs to which
    clock_type::duration truth{};
};

asio::awaitable<void> stall_again_and_again(kind how, clock_type::duration length, int count, std::mt19937_64& random,
                                            std::vector<stall>& done)
{
    // Over several heartbeat intervals, so that every phase is as likely as any other.
    std::uniform_int_distribution<std::chrono::nanoseconds::rep> pause{0, threshold.count()};
    asio::steady_timer timer{co_await asio::this_coro::executor};
    for (int i = 0; i < count; ++i) {
        timer.expires_after(1ms + std::chrono::nanoseconds{pause(random)});
        co_await timer.async_wait(asio::use_awaitable);
        if (how.after_others) {
            // The turn of the loop between the two is what makes them two, and not one block.
            stall_spinning(std::chrono::nanoseconds{pause(random)} / 2);
            co_await asio::post(asio::use_awaitable);
        }
        auto const began_at = wall_clock::now();
        auto const before = clock_type::now();
        how.stall(length);
        done.push_back({began_at, clock_type::now() - before});
    }
}

struct score {
    int due{0};                            // stalls that must be reported
    int found{0};                          // of these, how many were
    int reported{0};                       // stalls with a report
    int named{0};                          // of these, with the right culprit
    int doubles{0};                        // second reports of one stall
    int too_long{0};                       // duration > truth
    int too_short{0};                      // duration_max < truth
    std::vector<double> under;             // truth - duration
    std::vector<double> over;              // duration_max - truth
    std::vector<std::string> false_texts;  // reports of a stall under the threshold, or of none

    score& operator+=(score const& other)
    {
        due += other.due;
        found += other.found;
        reported += other.reported;
        named += other.named;
        doubles += other.doubles;
        too_long += other.too_long;
        too_short += other.too_short;
        under.insert(under.end(), other.under.begin(), other.under.end());
        over.insert(over.end(), other.over.begin(), other.over.end());
        false_texts.insert(false_texts.end(), other.false_texts.begin(), other.false_texts.end());
        return *this;
    }
};

/// How much of the stall and the report is the same time.
milliseconds overlap(stall const& s, loopwatch::block_report const& r)
{
    auto const begin = std::max(s.began_at, r.began_at);
    auto const end = std::min<wall_clock::time_point>(s.began_at + s.truth, r.began_at + r.duration);
    return end - begin;
}

score compare(kind how, std::vector<stall> const& stalls, std::vector<loopwatch::block_report> const& reports)
{
    score result;
    std::vector<int> reports_of(stalls.size());
    for (auto const& report : reports) {
        auto const s = std::ranges::max_element(stalls, {}, [&](stall const& each) { return overlap(each, report); });
        if (s == stalls.end() || overlap(*s, report) <= 0ms || s->truth < threshold) {
            result.false_texts.push_back(to_string(report));
            continue;
        }
        if (++reports_of[static_cast<std::size_t>(s - stalls.begin())] > 1) {
            ++result.doubles;
            continue;
        }
        ++result.reported;
        auto const* const culprit = report.culprit();
        if (culprit != nullptr && culprit->function.starts_with(how.culprit)) ++result.named;
        if (report.duration > s->truth) ++result.too_long;
        if (report.duration_max < s->truth) ++result.too_short;
        result.under.push_back(milliseconds{s->truth - report.duration}.count());
        result.over.push_back(milliseconds{report.duration_max - s->truth}.count());
    }
    for (std::size_t i = 0; i < stalls.size(); ++i)
        if (stalls[i].truth >= sure) {
            ++result.due;
            if (reports_of[i] > 0) ++result.found;
        }
    return result;
}

/// How late the system wakes a thread that sleeps as the watchdog does: what the machine itself adds to every figure,
/// while other programs want its cores.
class wake_up_probe {
public:
    [[nodiscard]] std::vector<double> stop()
    {
        over_ = true;
        thread_.join();
        return std::move(lateness_);
    }

private:
    void run()
    {
        loopwatch::detail::wake_this_thread_on_time();
        for (auto next = clock_type::now(); !over_;) {
            next += threshold / 4;
            std::this_thread::sleep_until(next);
            lateness_.push_back(milliseconds{clock_type::now() - next}.count());
        }
    }

    std::vector<double> lateness_;
    std::atomic<bool> over_{false};
    std::thread thread_{[this] { run(); }};
};

score measure(kind how, clock_type::duration length, int count, std::mt19937_64& random)
{
    std::vector<stall> stalls;
    std::vector<loopwatch::block_report> reports;
    asio::io_context loop;
    // A sink, for a guard keeps no more than its first 1000 reports.
    loopwatch::no_loop_blocking guard{
        loop, {.threshold = threshold, .action = loopwatch::on_block::log}, [&](loopwatch::block_report const& r) {
            if (r.ended) reports.push_back(r);
        }};
    asio::co_spawn(loop, stall_again_and_again(how, length, count, random, stalls), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    loop.run();
    guard.finish();
    return compare(how, stalls, reports);
}

std::string share(int part, int whole) { return whole == 0 ? "-" : fmt::format("{:.1f} %", 100.0 * part / whole); }

void print_row(std::string_view name, std::string_view length, int count, score const& s)
{
    fmt::print("{:<14} {:>9} {:>7} {:>9} {:>8} {:>8} {:>6} {:>7} {:>9} {:>9}", name, length, count, s.reported,
               share(s.found, s.due), share(s.named, s.reported), s.false_texts.size(), s.doubles, s.too_long,
               s.too_short);
    fmt::print("  {:>6.2f} {:>6.2f}  {:>6.2f} {:>6.2f}\n", median(s.under), quantile(s.under, 1), median(s.over),
               quantile(s.over, 1));
}

bool print_goal(std::string_view goal, bool reached, std::string_view seen)
{
    fmt::print("{:<8} {} ({})\n", reached ? "reached" : "MISSED", goal, seen);
    return reached;
}

int main(int argc, char** argv)
{
    int const count = argc > 1 ? std::atoi(argv[1]) : 60;
    if (count <= 0) {
        fmt::print(stderr, "usage: {} [stalls of each kind and length]\n", argv[0]);
        return 2;
    }
    auto const seed = std::random_device{}();
    std::mt19937_64 random{seed};
    fmt::print("threshold {} ms, heartbeat interval {} ms, seed {}\n\n", milliseconds{threshold}.count(),
               milliseconds{sure - threshold}.count(), seed);
    fmt::print("{:>42} {:>17} {:>14} {:>19}  {:>13}  {:>13}\n", "", "of those due", "reports", "violations",
               "truth-duration", "max-truth, ms");
    fmt::print("{:<14} {:>9} {:>7} {:>9} {:>8} {:>8} {:>6} {:>7} {:>9} {:>9}", "stall", "length", "stalls", "reported",
               "recall", "culprit", "false", "double", "too long", "too short");
    fmt::print("  {0:>6} {1:>6}  {0:>6} {1:>6}\n", "median", "max");

    wake_up_probe probe;
    score total;
    int stalls = 0;
    int long_ones = 0;
    for (kind const how :
         {kind{"sleeping", stall_sleeping, "stall_sleeping"}, kind{"spinning", stall_spinning, "stall_spinning"},
          kind{"on a busy loop", stall_spinning, "stall_spinning", true}})
        for (auto const length : {5000us, 9000us, 12500us, 15000us, 20000us, 50000us, 100000us, 200000us}) {
            auto const s = measure(how, length, count, random);
            print_row(how.name, fmt::format("{:.1f} ms", milliseconds{length}.count()), count, s);
            total += s;
            stalls += count;
            if (length >= sure) long_ones += count;
        }
    print_row("all", "", stalls, total);

    auto const late = probe.stop();
    fmt::print(
        "\nmeanwhile the system woke a thread late by {:.2f} ms in the median, p99 {:.2f} ms, at most {:.2f} ms"
        "\n\n",
        median(late), quantile(late, 0.99), quantile(late, 1));
    bool good = print_goal(fmt::format("recall 100 % from {} ms on", milliseconds{sure}.count()),
                           total.found == total.due, fmt::format("{} of {}", total.found, total.due));
    good &= print_goal("no report of a stall under the threshold, or of none", total.false_texts.empty(),
                       fmt::format("{}", total.false_texts.size()));
    if (!total.false_texts.empty()) fmt::print("         the first of them: {}", total.false_texts.front());
    good &= print_goal("each block reported once", total.doubles == 0, fmt::format("{} double", total.doubles));
    good &= print_goal("duration <= truth <= duration_max", total.too_long + total.too_short == 0,
                       fmt::format("{} too long, {} too short", total.too_long, total.too_short));
    fmt::print(
        "\nFor docs/cost.md:\nOf {} stalls of 12.5 to 200 ms, asleep, computing, and on a busy loop, at random "
        "moments, "
        "with a "
        "threshold of {} ms: {} reported, {} of them twice, {} with the right culprit; reports of the {} stalls of 5 "
        "and 9 "
        "ms, or of none: {} (`./dev bench detection`).\n\n",
        long_ones, milliseconds{threshold}.count(), total.reported, total.doubles, total.named, stalls - long_ones,
        total.false_texts.size());
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
