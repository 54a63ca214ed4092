// SPDX-License-Identifier: BSL-1.0

// What one watchdog does for many loops: what each costs, how long a guard's begin and end wait for it, and whether it
// finds the blocks of fifty among them. Ratios are of one run.
//   loops [seconds of each measurement] [the most loops: 1000; 10, and one threshold, if there is less than a second]
// Exits with 0 if every goal was reached.

#include "cpu_time.hpp"
#include "goals.hpp"
#include "statistics.hpp"

#include <asio.hpp>
#include <fmt/format.h>
#include <loopwatch/impl/platform/doorbell.hpp>
#include <loopwatch/impl/platform/thread.hpp>
#include <loopwatch/impl/watch/runtime.hpp>
#include <loopwatch/loopwatch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using seconds = std::chrono::duration<double>;
using milliseconds = std::chrono::duration<double, std::milli>;
using microseconds = std::chrono::duration<double, std::micro>;
using clock_type = std::chrono::steady_clock;
using wall_clock = std::chrono::system_clock;

// --- loops ---

/// How the loops are run.
enum class layout {
    own_threads,  // a context with a thread of its own each: idle, so that nothing is sent
    ticking,      // the same, with a timer that goes off between two looks, so that each has run
    strands,      // of a pool of four threads: all heartbeats are sent
    polled        // contexts that four threads poll, one after the other
};

std::string_view name_of(layout how)
{
    switch (how) {
        case layout::own_threads: return "idle, own threads";
        case layout::ticking: return "busy, own threads";
        case layout::strands: return "strands, 4 threads";
        case layout::polled: return "polled, 4 threads";
    }
    return "";
}

/// How often a watch looks at its loop, with the default interval: see heartbeat_timing.
double looks_per_second(nanoseconds threshold)
{
    nanoseconds const interval = threshold / 4;
    return 1 / seconds{interval - std::min<nanoseconds>(interval * 2 / 5, 1ms)}.count();
}

/// One of many. Posting to it works in every layout.
struct one_loop {
    std::optional<asio::io_context> own;
    std::optional<asio::strand<asio::thread_pool::executor_type>> strand;
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
    std::optional<asio::steady_timer> timer;
    std::optional<loopwatch::no_loop_blocking> guard;

    template <typename Do>
    void post(Do what)
    {
        if (own)
            asio::post(*own, std::move(what));
        else
            asio::post(*strand, std::move(what));
    }
};

class many_loops {
public:
    many_loops(layout how, std::size_t n, nanoseconds threshold)
    {
        if (how == layout::strands) pool_.emplace(threads);
        for (std::size_t i = 0; i < n; ++i) {
            one_loop& one = all_.emplace_back();
            if (pool_) {
                one.strand.emplace(pool_->get_executor());
                continue;
            }
            one.own.emplace(1);
            one.work.emplace(one.own->get_executor());
            if (how == layout::ticking) tick(one, threshold / 5);
        }
        if (pool_) return;
        std::size_t const runners = how == layout::polled ? std::min(threads, n) : n;
        for (std::size_t t = 0; t < runners; ++t)
            runners_.emplace_back([this, t, runners, polled = how == layout::polled] {
                if (!polled) {
                    all_[t].own->run();
                    return;
                }
                while (!stop_) {
                    for (std::size_t i = t; i < all_.size(); i += runners) all_[i].own->poll();
                    std::this_thread::sleep_for(2ms);
                }
            });
    }
    ~many_loops()
    {
        unwatch();
        stop_ = true;
        for (one_loop& one : all_) {
            if (!one.own) continue;
            one.work.reset();
            one.own->stop();
        }
        for (auto& each : runners_) each.join();
        if (pool_) pool_->join();
    }

    /// Each by a guard that logs, or in silence.
    template <typename Sink>
    void watch(nanoseconds threshold, Sink const& to)
    {
        for (std::size_t i = 0; i < all_.size(); ++i) {
            loopwatch::options const how{.threshold = threshold,
                                         .action = loopwatch::on_block::log,
                                         .loop_name = names_.emplace_back(std::to_string(i))};
            if (all_[i].own)
                all_[i].guard.emplace(*all_[i].own, how, to);
            else
                all_[i].guard.emplace(*all_[i].strand, how, to);
        }
    }
    void unwatch()
    {
        for (one_loop& one : all_) one.guard.reset();
    }
    [[nodiscard]] one_loop& operator[](std::size_t i) { return all_[i]; }
    [[nodiscard]] std::size_t size() const { return all_.size(); }
    [[nodiscard]] std::deque<one_loop>& all() { return all_; }

private:
    static constexpr std::size_t threads = 4;

    static void tick(one_loop& one, nanoseconds every)
    {
        if (!one.timer) one.timer.emplace(*one.own);
        one.timer->expires_after(every);
        one.timer->async_wait([&one, every](asio::error_code failed) {
            if (!failed) tick(one, every);
        });
    }

    std::optional<asio::thread_pool> pool_;
    std::deque<one_loop> all_;
    std::deque<std::string> names_;
    std::vector<std::thread> runners_;
    std::atomic<bool> stop_{false};
};

// --- what they cost ---

/// The threads of the library, by their names.
std::vector<std::string> own_threads()
{
    std::vector<std::string> found;
    DIR* const tasks = ::opendir("/proc/self/task");
    while (dirent const* const each = ::readdir(tasks)) {
        std::string name;
        std::getline(std::ifstream{fmt::format("/proc/self/task/{}/comm", each->d_name)}, name);
        if (name == "loopwatch") found.emplace_back(each->d_name);
    }
    ::closedir(tasks);
    return found;
}

struct use_of_cpu {
    double time{0};  // s
    double wake_ups{0};
};

use_of_cpu use_by(std::vector<std::string> const& threads)
{
    use_of_cpu all;
    for (auto const& thread : threads) {
        double on_cpu = 0;
        std::ifstream{fmt::format("/proc/self/task/{}/schedstat", thread)} >> on_cpu;
        all.time += on_cpu / 1e9;
        std::ifstream status{fmt::format("/proc/self/task/{}/status", thread)};
        constexpr std::string_view label = "voluntary_ctxt_switches:";
        for (std::string line; std::getline(status, line);)
            if (line.starts_with(label)) all.wake_ups += std::stod(line.substr(label.size()));
    }
    return all;
}

seconds process_time() { return cpu_time(CLOCK_PROCESS_CPUTIME_ID); }

struct cost {
    double watchdog{0};                               // share of a core
    double process{0};                                // likewise, of all threads
    double plain{0};                                  // without guards
    double wake_ups{0};                               // of the watchdog, per second
    double looks{0};                                  // likewise, at all watches
    double begin{0}, begin_99{0}, end{0}, end_99{0};  // us
};

/// A loop beside them, for guards that come and go.
struct guard_times {
    std::vector<double> begin, end;

    void measure(seconds window)
    {
        asio::io_context beside;
        auto const work = asio::make_work_guard(beside);
        std::thread runner{[&] { beside.run(); }};
        auto const silent = [](loopwatch::block_report const&) {};
        auto const until = clock_type::now() + window;
        while (clock_type::now() < until) {
            auto const began = clock_type::now();
            std::optional<loopwatch::no_loop_blocking> guard{std::in_place, beside, loopwatch::options{}, silent};
            auto const made = clock_type::now();
            // In no step with the watchdog, which looks in its own.
            std::this_thread::sleep_for(std::chrono::microseconds{200 + random_() % 1800});
            auto const ends = clock_type::now();
            guard.reset();
            end.push_back(microseconds{clock_type::now() - ends}.count());
            begin.push_back(microseconds{made - began}.count());
        }
        beside.stop();
        runner.join();
    }

private:
    std::minstd_rand random_{4711};
};

// A function of its own: gcc 12 warns of a vector's memory in what it inlines here.
[[gnu::noinline]] double nth(std::vector<double> const& of, double q) { return quantile(of, q); }

cost measure_cost(layout how, std::size_t n, nanoseconds threshold, seconds window)
{
    many_loops loops{how, n, threshold};
    cost c;
    auto const share = [&](seconds from) { return (process_time() - from).count() / window.count(); };
    std::this_thread::sleep_for(window / 4);
    auto before = process_time();
    std::this_thread::sleep_for(window / 2);
    c.plain = share(before) * 2;
    loops.watch(threshold, [](loopwatch::block_report const&) {});
    // They are watched more closely until it is known where they wait.
    std::this_thread::sleep_for(std::max<seconds>(window / 2, 60 * threshold));
    auto const watchdog = own_threads();
    before = process_time();
    auto const used = use_by(watchdog);
    auto& keeper = loopwatch::detail::runtime::get().watchdog();
    auto const looks = keeper.looks();
    std::this_thread::sleep_for(window);
    auto const now = use_by(watchdog);
    c.process = share(before);
    c.watchdog = (now.time - used.time) / window.count();
    c.looks = static_cast<double>(keeper.looks() - looks) / window.count();
    c.wake_ups = (now.wake_ups - used.wake_ups) / window.count();
    guard_times guards;
    guards.measure(window);
    c.begin = nth(guards.begin, 0.5);
    c.begin_99 = nth(guards.begin, 0.99);
    c.end = nth(guards.end, 0.5);
    c.end_99 = nth(guards.end, 0.99);
    return c;
}

std::vector<std::size_t> sizes(std::size_t most)
{
    std::vector<std::size_t> all;
    for (std::size_t const n : {1U, 10U, 100U, 1000U})
        if (n <= most) all.push_back(n);
    return all;
}

using table = std::map<std::size_t, cost>;

double per_look(cost const& c) { return c.looks > 0 ? c.watchdog * 1e6 / c.looks : 0; }  // us

table measure_costs(layout how, nanoseconds threshold, seconds window, std::size_t most)
{
    fmt::print("{}, threshold {} ms: {} s each\n", name_of(how), milliseconds{threshold}.count(), window.count());
    fmt::print("  {:>5}  {:>24}  {:>13}  {:>12}  {:>10}  {:>9}  {:>16}  {:>16}\n", "loops", "all threads (unwatched)",
               "watchdog", "looks of due", "per look", "wake-ups", "a guard's begin", "its end");
    table all;
    for (std::size_t const n : sizes(most)) {
        cost const c = all[n] = measure_cost(how, n, threshold, window);
        // Fewer than are due, where there is not the time for all of them.
        double const due = looks_per_second(threshold) * static_cast<double>(n);
        fmt::print(
            "  {:>5}  {:>13.2f} % ({:>5.2f} %)  {:>11.2f} %  {:>10.0f} %  {:>7.2f} us  {:>7.0f}/s  {:>6.1f} ({:>4.0f}) "
            "us  "
            "{:>6.1f} ({:>4.0f}) us\n",
            n, c.process * 100, c.plain * 100, c.watchdog * 100, c.looks / due * 100, per_look(c), c.wake_ups, c.begin,
            c.begin_99, c.end, c.end_99);
        std::fflush(stdout);
    }
    return all;
}

// --- what they find ---

struct stall {
    std::size_t loop;
    wall_clock::time_point began_at;  // reports tell the wall clock's time
    nanoseconds truth{};
    int reports{0};
};

/// How late this machine wakes a thread that wakes as the watchdog does, all the while.
class lateness {
public:
    lateness() : sleeper_{[this] { measure(); }} {}
    ~lateness()
    {
        stop_ = true;
        sleeper_.join();
    }
    [[nodiscard]] nanoseconds worst() const { return nanoseconds{worst_}; }

private:
    void measure()
    {
        loopwatch::detail::wake_this_thread_on_time();
        loopwatch::detail::doorbell never;
        while (!stop_) {
            auto const due = clock_type::now() + 500us;
            never.wait_until(never.rung(), due);
            worst_ = std::max<nanoseconds::rep>(worst_, nanoseconds{clock_type::now() - due}.count());
        }
    }

    std::atomic<bool> stop_{false};
    std::atomic<nanoseconds::rep> worst_{0};
    std::thread sleeper_;
};

struct findings {
    int certain{0}, missed{0};       // of those that must be found
    int missed_surely{0};            // that were longer by more than the machine was late
    nanoseconds late{};              // at worst
    int reported{0}, false_ones{0};  // reports; of these, of nothing that was long enough
    int twice{0};
    int short_ones{0};
};

bool none_near(std::deque<stall> const& all, stall const& one, nanoseconds distance)
{
    return std::none_of(all.begin(), all.end(), [&](stall const& s) {
        return &s != &one && s.loop == one.loop && s.began_at < one.began_at + one.truth + distance &&
               one.began_at < s.began_at + s.truth + distance;
    });
}

[[gnu::noinline]] void block_for(nanoseconds length) { std::this_thread::sleep_for(length); }

/// Fifty of the loops, or all if they are fewer, block at random moments, and in between for less than the threshold.
findings measure_detection(layout how, std::size_t n, nanoseconds threshold, seconds window)
{
    many_loops loops{how, n, threshold};
    std::mutex mutex;
    std::deque<stall> stalls;
    struct told {
        std::size_t loop;
        wall_clock::time_point began_at;
        nanoseconds duration, duration_max;
    };
    std::vector<told> reports;
    loops.watch(threshold, [&](loopwatch::block_report const& r) {
        if (!r.ended) return;
        std::lock_guard const hold{mutex};
        reports.push_back({std::stoul(r.loop), r.began_at, r.duration, r.duration_max});
    });
    std::this_thread::sleep_for(60 * threshold);  // until it is known where they wait

    lateness const of_machine;
    nanoseconds const sure = threshold + threshold / 4;
    std::mt19937_64 random{42};
    std::vector<std::size_t> blocking(n);
    for (std::size_t i = 0; i < n; ++i) blocking[i] = i;
    std::shuffle(blocking.begin(), blocking.end(), random);
    blocking.resize(std::min<std::size_t>(n, how == layout::strands ? 2 : 50));
    struct plan {
        clock_type::time_point at;
        std::size_t loop;
        nanoseconds length;
    };
    std::vector<plan> plans;
    auto const uniform = [&](nanoseconds from, nanoseconds to) {
        return nanoseconds{std::uniform_int_distribution<nanoseconds::rep>{from.count(), to.count()}(random)};
    };
    auto const begin = clock_type::now() + 50ms;
    for (std::size_t const loop : blocking) {
        auto at = begin + uniform(0ns, 4 * threshold);
        while (at < begin + std::chrono::duration_cast<nanoseconds>(window)) {
            bool const is_short = plans.size() % 4 == 3;
            auto const length = is_short ? uniform(threshold / 4, threshold * 3 / 4) : uniform(sure, 3 * sure);
            plans.push_back({at, loop, length});
            at += length + uniform(2 * threshold, 8 * threshold);
        }
    }
    std::sort(plans.begin(), plans.end(), [](plan const& a, plan const& b) { return a.at < b.at; });
    std::atomic<std::size_t> done{0};
    for (plan const& each : plans) {
        std::this_thread::sleep_until(each.at);
        loops[each.loop].post([&, loop = each.loop, length = each.length] {
            auto const wall = wall_clock::now();
            auto const from = clock_type::now();
            block_for(length);
            auto const truth = clock_type::now() - from;
            std::lock_guard const hold{mutex};
            stalls.push_back({loop, wall, truth});
            ++done;
        });
    }
    while (done < plans.size()) std::this_thread::sleep_for(1ms);
    loops.unwatch();

    findings f;
    f.reported = static_cast<int>(reports.size());
    f.late = of_machine.worst();
    // On a busy machine a loop may get to two of them one right after the other: then one report tells of both.
    for (told const& r : reports) {
        bool of_something = false;
        for (stall& s : stalls) {
            if (s.loop != r.loop) continue;
            auto const from = std::max(r.began_at, s.began_at);
            auto const to = std::min(r.began_at + r.duration, s.began_at + s.truth);
            if (to - from > s.truth / 2) ++s.reports;
            of_something = of_something || to > from;
        }
        if (!of_something) ++f.false_ones;
    }
    for (stall const& s : stalls) {
        if (s.reports > 1) ++f.twice;
        if (s.truth < threshold) {
            ++f.short_ones;
            // By itself: the next of the same loop is far.
            bool const alone = none_near(stalls, s, threshold);
            if (alone && s.reports > 0) ++f.false_ones;
        }
        if (s.truth < sure) continue;
        ++f.certain;
        if (s.reports > 0) continue;
        ++f.missed;
        if (s.truth >= sure + f.late) ++f.missed_surely;
    }
    return f;
}

using found_table = std::map<std::size_t, findings>;

found_table measure_detections(layout how, nanoseconds threshold, seconds window, std::size_t most)
{
    fmt::print(
        "Detection: {}, threshold {} ms, blocks of {} ms and more, and shorter ones, at random, in at most {} loops\n",
        name_of(how), milliseconds{threshold}.count(), milliseconds{threshold * 5 / 4}.count(),
        how == layout::strands ? 2 : 50);
    found_table all;
    for (std::size_t const n : sizes(most)) {
        findings const f = all[n] = measure_detection(how, n, threshold, window);
        fmt::print(
            "  {:>5} loops   {:>5} blocks, {} missed ({} of them longer by the {:.1f} ms that the machine woke a "
            "thread late), "
            "{} twice; {} shorter ones; {} reports, {} of nothing\n",
            n, f.certain, f.missed, f.missed_surely, milliseconds{f.late}.count(), f.twice, f.short_ones, f.reported,
            f.false_ones);
        std::fflush(stdout);
    }
    return all;
}

/// A context needs three descriptors.
void raise_limits()
{
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char** argv)
{
    seconds const window{argc > 1 ? std::atof(argv[1]) : 2.0};
    bool const is_quick = window < 1s;
    std::size_t const most = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : is_quick ? 10 : 1000;
    // Until it is known where loops wait takes sixty times as long.
    std::vector<nanoseconds> const thresholds =
        is_quick ? std::vector<nanoseconds>{10ms} : std::vector<nanoseconds>{100ms, 10ms};
    raise_limits();

    std::map<std::pair<layout, nanoseconds>, table> costs;
    for (layout const how : {layout::own_threads, layout::ticking, layout::strands, layout::polled})
        for (nanoseconds const threshold : thresholds) {
            // Of a thousand that are all busy every 1.5 ms no machine has the time.
            std::size_t const here =
                how != layout::own_threads && threshold < 100ms ? std::min<std::size_t>(most, 100) : most;
            table const t = costs[{how, threshold}] = measure_costs(how, threshold, window, here);
            auto const many = t.rbegin();
            if (many->first < 100) continue;
            double const ratio = per_look(many->second) / per_look(t.at(10));
            print_goal(fmt::format("a look takes {:.2f} x of what it does with 10", ratio), ratio < 1.5);
            auto const& one = t.at(1);
            print_goal(
                fmt::format(
                    "a guard's begin takes {:.0f} us longer (99 %: {:.0f}), its end {:.0f} ({:.0f}): less than 100 us",
                    many->second.begin - one.begin, many->second.begin_99 - one.begin_99, many->second.end - one.end,
                    many->second.end_99 - one.end_99),
                many->second.begin - one.begin < 100 && many->second.end - one.end < 100 &&
                    many->second.begin_99 - one.begin_99 < 100 && many->second.end_99 - one.end_99 < 100);
            fmt::print("\n");
        }

    int missed = 0;
    int wrong = 0;
    for (layout const how : {layout::own_threads, layout::strands})
        for (nanoseconds const threshold : thresholds) {
            std::size_t const here =
                how != layout::own_threads && threshold < 100ms ? std::min<std::size_t>(most, 100) : most;
            for (auto const& [n, f] : measure_detections(how, threshold, window, here)) {
                missed += f.missed_surely;
                wrong += f.false_ones + f.twice;
            }
        }
    print_goal("no block missed, but for what the machine was late", missed == 0);
    print_goal("no report of nothing, none twice", wrong == 0);
    return all_reached ? EXIT_SUCCESS : EXIT_FAILURE;
}
