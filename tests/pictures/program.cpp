// SPDX-License-Identifier: BSL-1.0

// Two loops that are blocked by code of several kinds, seen by a guard each. Writes what they saw as pictures into a
// folder.
//
//     pictures_program FOLDER
#include "support/net.hpp"

#include <loopwatch/pictures.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace shop {

std::mutex prices;

// Each computes until the thread has had a processor for so long, and in no function but this.

template <typename Format>
[[gnu::noinline]] void render_invoice(int ms)
{
    std::timespec begin{};
    std::timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1'000'000 < ms);
}

struct pdf {};

[[gnu::noinline]] void make_thumbnail(int ms)
{
    std::timespec begin{};
    std::timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1'000'000 < ms);
}

/// Waits for an answer that nobody gives.
[[gnu::noinline]] void ask_payment_service(int ms)
{
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
    timeval const wait{ms / 1000, ms % 1000 * 1000};
    ::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    char answer = 0;
    static_cast<void>(::recv(ends[0], &answer, 1, 0));
    for (int const each : ends) ::close(each);
}

/// While another thread, that works on the prices, keeps them.
[[gnu::noinline]] void read_prices(int ms)
{
    std::promise<void> taken;
    std::thread other{[&] {
        std::lock_guard const hold{prices};
        taken.set_value();
        std::this_thread::sleep_for(milliseconds{ms});
    }};
    taken.get_future().wait();
    {
        std::lock_guard const hold{prices};
    }
    other.join();
}

[[gnu::noinline]] void retry_after_pause(int ms)
{
    std::this_thread::sleep_for(milliseconds{ms});
    __asm__ volatile("");  // no tail call, which would leave no frame
}

}  // namespace shop

namespace {

/// Runs handlers one after the other, with pauses in between, and measures how late its timers are.
class service {
public:
    service(std::string name, std::vector<std::function<void()>> handlers)
        : name_{std::move(name)}, handlers_{std::move(handlers)}
    {
        delays_.loop = name_;
    }

    std::vector<loopwatch::block_report> run()
    {
        loopwatch::options how{.threshold = 20ms};
        how.loop_name = name_;
        loopwatch::no_loop_blocking guard{ctx_, how, [](loopwatch::block_report const&) {}};
        go_on();
        measure();
        ctx_.run();
        auto seen = guard.blocks();
        for (auto& each : guard.excused()) seen.push_back(std::move(each));
        try {
            guard.finish();
        } catch (loopwatch::loop_blocked_error const&) {  // NOLINT(bugprone-empty-catch): they are in the pictures
        }
        return seen;
    }

    [[nodiscard]] loopwatch::loop_delays const& delays() const { return delays_; }

private:
    void go_on()
    {
        if (next_ == handlers_.size()) {
            clock_.cancel();
            ended_ = true;
            return;
        }
        pause_.expires_after(70ms);
        pause_.async_wait([this](auto const&) {
            handlers_[next_++]();
            go_on();
        });
    }

    void measure()
    {
        clock_.expires_after(10ms);
        clock_.async_wait([this](auto const&) {
            if (ended_) return;
            auto const now = std::chrono::system_clock::now();
            nanoseconds const late = std::chrono::steady_clock::now() - clock_.expiry();
            if (delays_.points.empty() || late > 20ms || now - delays_.points.back().at > 50ms)
                delays_.points.push_back({now - late, late});
            else
                delays_.points.back().longest = std::max(delays_.points.back().longest, late);
            measure();
        });
    }

    net::io_context ctx_;
    net::steady_timer pause_{ctx_};
    net::steady_timer clock_{ctx_};
    std::string name_;
    std::vector<std::function<void()>> handlers_;
    std::size_t next_{0};
    bool ended_{false};
    loopwatch::loop_delays delays_;
};

void write(std::string const& file, std::string const& text)
{
    if (!(std::ofstream{file, std::ios::binary} << text)) std::fprintf(stderr, "can't write %s\n", file.c_str());
}

/// A block as a guard would tell of it, where nothing blocks.
loopwatch::block_report made_up(std::string const& name, std::uint64_t number)
{
    loopwatch::block_report one;
    one.number = number;
    one.loop = name;
    one.duration = 50ms;
    one.began_at = std::chrono::system_clock::time_point{} + std::chrono::hours{500'000} + number * 90ms;
    one.cause = loopwatch::cause::cpu;
    one.evidence = "on CPU for 99% of 50.0 ms";
    for (std::string const& function : {name, std::string{"serve()"}, std::string{"main"}}) {
        auto& f = one.stack.emplace_back();
        f.function = function;
        f.file = "app.cpp";
        f.line = 7;
    }
    one.stack_quality = loopwatch::stack_quality::exact;
    return one;
}

/// What is no test of loops, but of the page.
void write_made_up(std::string const& folder)
{
    write(folder + "nothing.html", loopwatch::html_page({}));
    loopwatch::recording hostile;
    hostile.blocks.push_back(made_up("</script><img src=x onerror=alert(1)>\"'&amp;", 1));
    write(folder + "hostile.html", loopwatch::html_page(hostile));
    loopwatch::recording many;
    many.left_out = 7;
    for (std::uint64_t i = 0; i < 1000; ++i) many.blocks.push_back(made_up("f" + std::to_string(i % 20) + "()", i));
    write(folder + "many.html", loopwatch::html_page(many));
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 2) return 2;
    std::string const folder = std::string{argv[1]} + '/';

    service api{"api",
                {
                    [] { shop::ask_payment_service(160); },
                    [] { shop::render_invoice<shop::pdf>(90); },
                    [] { shop::ask_payment_service(70); },
                    [] { shop::read_prices(110); },
                    [] { shop::render_invoice<shop::pdf>(55); },
                    [] { shop::ask_payment_service(240); },
                }};
    service jobs{"jobs <nightly>",  // as is written in a page with care only
                 {
                     [] { shop::make_thumbnail(130); },
                     [] { shop::retry_after_pause(60); },
                     [] { shop::make_thumbnail(210); },
                     [] { shop::make_thumbnail(75); },
                 }};
    loopwatch::recording all;
    std::vector<loopwatch::block_report> of_jobs;
    std::thread other{[&] { of_jobs = jobs.run(); }};
    all.blocks = api.run();
    other.join();
    for (auto& each : of_jobs) all.blocks.push_back(std::move(each));
    std::ranges::stable_sort(all.blocks, {}, &loopwatch::block_report::began_at);
    all.delays = {api.delays(), jobs.delays()};

    write(folder + "page.html", loopwatch::html_page(all));
    write(folder + "blocks.speedscope.json", loopwatch::speedscope(all));
    write(folder + "blocks.folded", loopwatch::folded_stacks(all));
    write(folder + "blocks.trace.json", loopwatch::chrome_trace(all));
    write_made_up(folder);
    std::printf("%zu blocks\n", all.blocks.size());
}
