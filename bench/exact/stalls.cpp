// SPDX-License-Identifier: BSL-1.0

// Stalls of known length at random moments, and what was reported of them, as a program that is built with Asio's
// handlers written down and without: see exact.cpp.
//   exact_stalls_... <stalls of each kind and length>
// Prints a line for each stall, of ms: its kind, the length that was asked for, the truth, how many reports, and of the
// first its duration and duration_max. And one for each report of no stall.

#include <asio.hpp>
#include <loopwatch/loopwatch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using milliseconds = std::chrono::duration<double, std::milli>;
using std::chrono::microseconds;
using clock_type = std::chrono::steady_clock;
using wall_clock = std::chrono::system_clock;

namespace {

constexpr auto threshold = 10ms;

void compute(clock_type::duration length)
{
    auto const until = clock_type::now() + length;
    while (clock_type::now() < until) {
    }
}

/// As the handler itself saw it.
struct stall {
    wall_clock::time_point began_at;  // as reports tell it: to find which belongs to which
    clock_type::duration truth{};
};

/// A loop that stalls so many times, and is otherwise idle, or busy all the time with short handlers.
class stalling_loop {
public:
    stalling_loop(bool is_busy, bool sleeps, microseconds length, int count)
        : sleeps_{sleeps},
          length_{length},
          left_{count},
          random_{static_cast<unsigned>(length.count()) + (is_busy ? 1U : 0U)}
    {
        stall_after_a_while();
        if (is_busy) be_busy();
    }
    void run() { loop_.run(); }

    asio::io_context& loop() { return loop_; }
    std::vector<stall> const& done() const { return done_; }

private:
    void stall_after_a_while()
    {
        if (left_-- == 0) {
            is_over_ = true;
            return;
        }
        timer_.expires_after(1ms + microseconds{random_() % 12000});
        timer_.async_wait([this](auto) {
            auto const began_at = wall_clock::now();
            auto const before = clock_type::now();
            if (sleeps_)
                std::this_thread::sleep_for(length_);
            else
                compute(length_);
            done_.push_back({began_at, clock_type::now() - before});
            stall_after_a_while();
        });
    }
    void be_busy()
    {
        compute(microseconds{random_() % 40});
        if (!is_over_) asio::post(loop_, [this] { be_busy(); });
    }

    bool sleeps_;
    microseconds length_;
    int left_;
    bool is_over_{false};
    std::minstd_rand random_;
    asio::io_context loop_{1};
    asio::steady_timer timer_{loop_};
    std::vector<stall> done_;
};

milliseconds overlap(stall const& s, loopwatch::block_report const& r)
{
    auto const begin = std::max(s.began_at, r.began_at);
    auto const end = std::min<wall_clock::time_point>(s.began_at + s.truth, r.began_at + r.duration);
    return end - begin;
}

void measure(std::string const& kind, bool is_busy, bool sleeps, microseconds length, int count)
{
    stalling_loop one{is_busy, sleeps, length, count};
    std::vector<loopwatch::block_report> reports;
    {
        loopwatch::no_loop_blocking guard{one.loop(),
                                          {.threshold = threshold,
                                           .action = loopwatch::on_block::log,
                                           // Those of which a part was a wait for a CPU are told as well.
                                           .raise_on = loopwatch::cause_set::all()},
                                          [&](loopwatch::block_report const& r) {
                                              if (r.ended) reports.push_back(r);
                                          }};
        one.run();
        guard.finish();
    }
    std::vector<int> seen(one.done().size());
    std::vector<loopwatch::block_report const*> first(one.done().size());
    for (auto const& report : reports) {
        auto const found =
            std::ranges::max_element(one.done(), {}, [&](stall const& each) { return overlap(each, report); });
        if (found == one.done().end() || overlap(*found, report) <= 0ms) {
            std::printf("none %s %f\n", kind.c_str(), milliseconds{report.duration}.count());
            continue;
        }
        auto const at = static_cast<std::size_t>(found - one.done().begin());
        if (seen[at]++ == 0) first[at] = &report;
    }
    for (std::size_t i = 0; i < seen.size(); ++i)
        std::printf("stall %s %f %f %d %f %f\n", kind.c_str(), milliseconds{length}.count(),
                    milliseconds{one.done()[i].truth}.count(), seen[i],
                    first[i] == nullptr ? 0 : milliseconds{first[i]->duration}.count(),
                    first[i] == nullptr ? 0 : milliseconds{first[i]->duration_max}.count());
}

}  // namespace

int main(int count, char** arguments)
{
    int const of_each = count > 1 ? std::atoi(arguments[1]) : 10;
    for (bool const is_busy : {false, true})
        for (bool const sleeps : {true, false})
            for (auto const length : {9500us, 9800us, 10200us, 11000us, 12000us, 20000us, 50000us})
                measure(std::string{is_busy ? "busy" : "idle"} + (sleeps ? "_asleep" : "_computing"), is_busy, sleeps,
                        length, of_each);
}
