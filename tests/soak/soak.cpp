// SPDX-License-Identifier: BSL-1.0

// A monitor over four loops under load, for as many seconds as it is told: every stall that is injected is told, with
// its cause and its length, none is told that was not, and nothing grows. Meanwhile watches come and go, thresholds
// change, the monitor is paused and resumed, others read its numbers, and sinks throw, block, and write to a full disk.
//     soak [SECONDS [SEED]]

#include "failing_sinks.hpp"
#include "ledger.hpp"
#include "load.hpp"
#include "machine.hpp"
#include "stalls.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <loopwatch/monitor.hpp>
#include <loopwatch/pictures.hpp>

namespace {

using namespace soak;
using loopwatch::monitor;
using loopwatch::monitor_sink;
using loopwatch::watched_loop;
using generator = std::mt19937_64;

constexpr std::size_t loops = 4;
constexpr std::array thresholds{20ms, 30ms, 40ms};
constexpr int clients_each = 3;

template <typename Duration>
Duration between(generator& random, Duration least, Duration most)
{
    return Duration{std::uniform_int_distribution<std::int64_t>{least.count(), most.count()}(random)};
}

/// A loop with its thread, which serves clients.
class served_loop {
public:
    explicit served_loop(std::size_t number) : stalls{context, number}
    {
        net::co_spawn(context, accept_clients(acceptor_), net::detached);
        thread_ = std::thread{[this, number] {
            ::pthread_setname_np(::pthread_self(), ("loop " + std::to_string(number)).c_str());
            context.run();
        }};
    }
    served_loop(served_loop const&) = delete;
    served_loop& operator=(served_loop const&) = delete;
    ~served_loop()
    {
        context.stop();
        thread_.join();
    }
    [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

    net::io_context context{1};
    injector stalls;

private:
    tcp::acceptor acceptor_{context, {net::ip::address_v4::loopback(), 0}};
    std::thread thread_;
};

/// Calls a function again and again on a thread of its own.
class repeated {
public:
    template <typename Function>
    explicit repeated(Function function)
        : thread_{[this, function]() mutable {
              while (!stop_) function();
          }}
    {
    }
    repeated(repeated const&) = delete;
    repeated& operator=(repeated const&) = delete;
    ~repeated()
    {
        stop_ = true;
        thread_.join();
    }

private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

class soaking {
public:
    static constexpr std::size_t sinks = 1 + failing_at_once;

    explicit soaking(std::uint64_t seed) : random_{seed}, book_{lateness_}
    {
        for (std::size_t i = 0; i < loops; ++i) loops_.push_back(std::make_unique<served_loop>(i));
        std::vector<tcp::endpoint> servers;
        for (auto const& each : loops_) servers.push_back(each->endpoint());
        load_.emplace(servers, clients_each);
        change_sinks();
        book_.add({.threshold = thresholds[0]});
        for (std::size_t i = 0; i < loops; ++i) watch(i);
    }
    soaking(soaking const&) = delete;
    soaking& operator=(soaking const&) = delete;
    ~soaking() { blocks_sinks_->open(); }

    /// All that is done at once, for a while; then compares.
    void run_round(nanoseconds length)
    {
        auto const until = test_clock::now() + length;
        {
            std::vector<std::unique_ptr<repeated>> others;
            for (auto const& act : {&soaking::change_something, &soaking::be_a_guest, &soaking::read_numbers})
                others.push_back(std::make_unique<repeated>(
                    [this, act, random = generator{random_()}]() mutable { std::invoke(act, *this, random); }));
            std::vector<std::thread> injecting;
            for (std::size_t i = 0; i < loops; ++i)
                injecting.emplace_back([this, i, until, seed = random_()] { inject_until(until, i, seed); });
            for (auto& each : injecting) each.join();
        }
        // What this machine may do to the loops from now on is for the next round.
        monitor_.pause();
        blocks_sinks_->open();
        if (!monitor_.flush(60s)) book_.error("sinks did not write all that was told them, though none was blocked");
        book_.settle(told_->take());
        std::uint64_t counted = 0;
        for (auto const& loop : monitor_.numbers().loops)
            for (auto const& each : loop.by_cause) counted += each.blocks;
        if (counted != book_.told_so_far())
            book_.error("blocks were lost on their way to a sink that wants them all",
                        std::to_string(counted) + " counted, " + std::to_string(book_.told_so_far()) + " told\n");
        change_sinks();  // with a gate that is closed
        monitor_.resume();
        lateness_.forget_before(test_clock::now() - 1s);
    }

    void print()
    {
        book_.print();
        std::printf(
            "meanwhile: %llu requests answered, %llu changes, %llu guests, numbers read %llu times, %llu notices "
            "lost by sinks that failed; threads woken up to %.1f ms late, the watchdog kept from running for %.1f ms\n",
            static_cast<unsigned long long>(load_->answers()), static_cast<unsigned long long>(changes_),
            static_cast<unsigned long long>(guests_), static_cast<unsigned long long>(reads_),
            static_cast<unsigned long long>(monitor_.lost()),
            std::chrono::duration<double, std::milli>{lateness_.worst()}.count(),
            std::chrono::duration<double, std::milli>{lateness_.watchdog_waited()}.count());
    }
    [[nodiscard]] ledger& book() { return book_; }
    [[nodiscard]] std::uint64_t lost() const { return monitor_.lost(); }

private:
    void watch(std::size_t number)
    {
        watched_.at(number) =
            monitor_.watch(loops_[number]->context, std::string{loop_prefix} + std::to_string(number));
    }

    void inject_until(time_point until, std::size_t number, std::uint64_t seed)
    {
        generator random{seed};
        while (test_clock::now() < until) {
            std::this_thread::sleep_for(between<nanoseconds>(random, 60ms, 300ms));
            kind what = all_kinds.at(random() % all_kinds.size());
            if (what == kind::disk && random() % 2 == 0) what = kind::call;  // others may need the disk, too
            // From what no threshold finds to what all do.
            book_.add(loops_[number]->stalls.inject(what, between<nanoseconds>(random, 10ms, 110ms)));
        }
    }

    // --- what changes, one at a time ---

    void change_something(generator& random)
    {
        std::this_thread::sleep_for(between<nanoseconds>(random, 100ms, 700ms));
        ++changes_;
        change c{.from_at = test_clock::now()};
        switch (random() % 6) {
            case 0:
                c.threshold = thresholds.at(random() % thresholds.size());
                monitor_.set_threshold(c.threshold);
                break;
            case 1:
                monitor_.pause();
                std::this_thread::sleep_for(between<nanoseconds>(random, 1ms, 100ms));
                monitor_.resume();
                break;
            case 2:
                c.loop = random() % loops;
                watched_.at(c.loop).end();
                std::this_thread::sleep_for(between<nanoseconds>(random, 0ms, 50ms));
                watch(c.loop);
                break;
            case 3: change_sinks(); return;
            case 4: monitor_.reopen_sinks(); return;
            default: monitor_.set_limits({.full_reports_per_minute = static_cast<unsigned>(random() % 100)}); return;
        }
        c.to_at = test_clock::now();
        book_.add(c);
    }

    void change_sinks()
    {
        // Each set has a gate of its own: those that were left behind may go, whenever they do.
        auto const before = std::exchange(blocks_sinks_, std::make_shared<gate>());
        auto fresh = failing_sinks(random_for_sinks_, blocks_sinks_);
        fresh.insert(fresh.begin(), monitor_sink{told_});
        monitor_.set_sinks(std::move(fresh));
        before->open();
    }

    void be_a_guest(generator& random)
    {
        ++guests_;
        std::size_t const number = random() % loops;
        {
            auto const guest =
                monitor_.watch(loops_[number]->context, std::string{guest_prefix} + std::to_string(number));
            std::this_thread::sleep_for(between<nanoseconds>(random, 0ms, 60ms));
        }
        // One whose context ends first, and which is as good as never run.
        net::io_context briefly;
        auto const watched = monitor_.watch(briefly, std::string{guest_prefix} + std::to_string(number));
        briefly.run();
    }

    void read_numbers(generator& random)
    {
        std::this_thread::sleep_for(between<nanoseconds>(random, 1ms, 50ms));
        ++reads_;
        switch (random() % 6) {
            case 0: static_cast<void>(monitor_.top()); break;
            case 1: static_cast<void>(monitor_.prometheus()); break;
            case 2: static_cast<void>(monitor_.health()); break;
            case 3: static_cast<void>(monitor_.is_overloaded("loop 1")); break;
            case 4: static_cast<void>(monitor_.recent()); break;
            default:
                if (random() % 50 == 0) static_cast<void>(html_page(monitor_.recording()));
        }
    }

    generator random_;
    generator random_for_sinks_{random_()};
    lateness_log lateness_;
    ledger book_;
    std::shared_ptr<told_blocks> told_ = std::make_shared<told_blocks>();
    std::shared_ptr<gate> blocks_sinks_ = std::make_shared<gate>();
    std::vector<std::unique_ptr<served_loop>> loops_;
    std::optional<load> load_;  // ends before the loops that it asks
    monitor monitor_{{.threshold = thresholds[0]}, {}, {.queue = 100'000}};
    std::array<watched_loop, loops> watched_;
    std::atomic<std::uint64_t> changes_{0}, guests_{0}, reads_{0};
};

void print(char const* when, holdings const& h)
{
    std::printf("%-22s %8zu KiB resident, %7zu KiB of heap, %3zu descriptors, %3zu threads\n", when, h.resident_kib,
                h.heap_kib, h.descriptors, h.threads);
    std::fflush(stdout);
}

/// Whether it grew all the time: the least of each quarter is above the least of the quarter before. What is read once,
/// such as the names in a library, is a single step, whenever that is.
template <typename Number>
bool grew(std::vector<holdings> const& all, Number number, std::size_t margin_kib)
{
    std::size_t before = 0;
    for (std::size_t quarter = 0; quarter < 4; ++quarter) {
        auto const first = all.begin() + static_cast<std::ptrdiff_t>(all.size() * quarter / 4);
        auto const last = all.begin() + static_cast<std::ptrdiff_t>(all.size() * (quarter + 1) / 4);
        std::size_t const least = std::invoke(number, *std::ranges::min_element(first, last, {}, number));
        if (quarter > 0 && least <= before + before / 100 + margin_kib) return false;
        before = least;
    }
    return true;
}

/// Threads of sinks that were left behind end by themselves, as soon as these return.
bool left_sinks_have_ended(std::size_t sinks = soaking::sinks)
{
    auto const patience = test_clock::now() + 60s;
    while (holdings::threads_named("loopwatch-sink") > sinks) {
        if (test_clock::now() > patience) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

bool soak_for(std::chrono::seconds length, std::uint64_t seed)
{
    std::printf("soak: %lld s, seed %llu\n", static_cast<long long>(length.count()),
                static_cast<unsigned long long>(seed));
    print("before", holdings::now());
    bool right = false;
    {
        soaking all{seed};
        nanoseconds const round = std::clamp<nanoseconds>(length / 15, 1s, 4s);
        auto const began_at = test_clock::now();
        std::vector<holdings> held;
        do {
            all.run_round(round);
            if (!left_sinks_have_ended()) all.book().error("threads of sinks that were replaced are still there");
            held.push_back(holdings::now());
        } while (test_clock::now() < began_at + length || held.size() < 5);
        // In the first rounds much is made that stays.
        held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(1 + held.size() / 6));
        auto const& start = held.front();
        auto const& end = held.back();
        print("start", start);
        print("middle", held.at(held.size() / 2));
        print("end", end);
        all.print();
        if (end.descriptors > start.descriptors) all.book().error("descriptors leaked");
        if (end.threads > start.threads) all.book().error("threads leaked");
        if (grew(held, &holdings::resident_kib, 1024)) all.book().error("resident memory grew all the time");
        if (grew(held, &holdings::heap_kib, 256)) all.book().error("what is allocated grew all the time");
        if (all.lost() == 0) all.book().error("no sink has failed");
        right = all.book().is_right();
    }
    print("after", holdings::now());
    if (!left_sinks_have_ended(0)) {
        std::puts("WRONG: threads of sinks are still there");
        return false;
    }
    return right;
}

}  // namespace

int main(int argc, char** argv)
{
    try {
        std::chrono::seconds const length{argc > 1 ? std::atoi(argv[1]) : 15};
        std::uint64_t const seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
        bool const right = soak_for(length, seed);
        std::puts(right ? "soak: right" : "soak: WRONG, see above");
        return right ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (std::exception const& error) {
        std::fprintf(stderr, "soak: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
