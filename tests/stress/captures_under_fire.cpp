// SPDX-License-Identifier: BSL-1.0

// A loop that throws, allocates, recurses, sleeps and calls into libraries which another thread loads and unloads,
// while more threads start and end: its stack is captured every 250 us. Nothing crashes, nothing hangs, and no stack
// that claims to be exact is another than the one of its moment. First the captures alone, each compared with what the
// thread itself accounts for; then with guards, where each report must show the handler that blocked.
#include "stress/support/looker.hpp"
#include "stress/support/terrain.hpp"
#include "support/net.hpp"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if LOOPWATCH_HAS_TSAN()
// The thread sanitizer does not know the loader's locks: what the loader frees is left out.
// NOLINTNEXTLINE(bugprone-reserved-identifier): it is the sanitizer's
extern "C" char const* __tsan_default_suppressions();
extern "C" char const* __tsan_default_suppressions() { return "race:ld-linux\n"; }
#endif

namespace {

using namespace stress;

terrain::figures figures;

/// What goes on beside the loop.
class bustle {
public:
    bustle()
        : loads_{[this] { plugins.run(stop_); }}, starts_{[this] {
              while (!stop_) {
                  std::thread{[this] { ++threads_; }}.join();
                  std::this_thread::sleep_for(100us);
              }
          }}
    {
    }
    ~bustle()
    {
        stop_ = true;
        loads_.join();
        starts_.join();
    }
    [[nodiscard]] unsigned long threads() const { return threads_; }

    plugin_churn plugins;

private:
    std::atomic<bool> stop_{false};
    std::atomic<unsigned long> threads_{0};
    std::thread loads_;
    std::thread starts_;
};

void capture_for(clock::duration length, bool sleeps, char const* what)
{
    bustle around;
    std::atomic<bool> stop{false};
    std::atomic<shadow*> account{nullptr};
    std::thread loop{[&] {
        with_shadow(account, [&] {
            terrain ground{7, around.plugins, sleeps, figures};
            dice roll{8};
            while (!stop) ground.walk(static_cast<int>(roll(20)));
        });
    }};
    while (account.load(std::memory_order_acquire) == nullptr) std::this_thread::yield();
    shadow const* const of = account.load(std::memory_order_acquire);
    detail::thread_number const thread = of->owner;

    looker look;
    tally verdicts;
    auto next = clock::now();
    for (auto const until = next + length; next < until;) {
        std::this_thread::sleep_until(next += 250us);
        if (clock::now() > next + 10ms) next = clock::now();
        std::uint64_t const steps = of->step_now();
        verdicts.add(look.look_at(thread), thread, of, steps);
    }
    stop = true;
    loop.join();
    verdicts.print(what);
    std::printf(
        "    meanwhile %lu walks, %lu throws, %lu calls into plugins, %lu loads (%lu of them kept), %lu by the "
        "loop, %lu threads, %lu sleeps (%lu cut short)\n",
        figures.walks.load(), figures.throws.load(), figures.calls_into_plugins.load(), around.plugins.loads(),
        around.plugins.kept(), figures.own_loads.load(), around.threads(), figures.sleeps.load(),
        figures.cut_short.load());
    // Half of them are flagged where it throws, or has left a library, all the time.
    if (verdicts.right() * 10 < verdicts.captures()) fail("hardly a capture is exact");
    if (figures.throws == 0 || figures.own_loads == 0 || around.threads() == 0) fail("there was no bustle");
    if (around.plugins.kept() * 2 > around.plugins.loads()) fail("the plugins are not really unloaded");
}

// --- with guards ---

constexpr unsigned job_kinds = 16;

/// The work of one job: long enough to be reported.
void work_for(terrain& ground, dice& roll, clock::duration length)
{
    auto const until = clock::now() + length;
    switch (roll(4)) {
        case 0: std::this_thread::sleep_until(until); break;
        case 1:
            while (clock::now() < until) dawdle(100);
            break;
        default:
            while (clock::now() < until) ground.walk(static_cast<int>(roll(12)));
    }
}

template <unsigned Kind>
[[gnu::noinline]] void job(terrain& ground, dice& roll, clock::duration length)
{
    work_for(ground, roll, length);
    stay();
}

using job_type = void(terrain&, dice&, clock::duration);
template <unsigned... Kinds>
constexpr std::array<job_type*, sizeof...(Kinds)> all_jobs(std::integer_sequence<unsigned, Kinds...>)
{
    return {&job<Kinds>...};
}

/// Which kinds of jobs are on the stack of a report.
std::vector<unsigned> kinds_in(loopwatch::block_report const& report)
{
    std::vector<unsigned> kinds;
    for (auto const& f : report.stack) {
        constexpr std::string_view name = "job<";
        auto const at = f.function.find(name);
        if (at == f.function.npos) continue;
        unsigned kind = job_kinds;
        char const* const text = f.function.data() + at + name.size();
        std::from_chars(text, f.function.data() + f.function.size(), kind);
        if (kinds.empty() || kinds.back() != kind) kinds.push_back(kind);
    }
    return kinds;
}

/// Jobs run in turn, and a heartbeat between any two of them; so reports come in the order of the jobs, one for each
/// at most. A stack of the job before, or of the one after, would make a kind come twice, and a job be reported that
/// has not begun.
class order_of_jobs {
public:
    void begin(std::uint64_t number) { begun_.store(number, std::memory_order_release); }

    void see(loopwatch::block_report const& report)
    {
        if (!report.ended) return;
        ++reports_;
        if (report.stack_quality != loopwatch::stack_quality::exact) {
            ++(report.stack_quality == loopwatch::stack_quality::none ? without_ : flagged_);
            if (report.stack_missing.empty()) fail("a report that is not exact does not say why");
            return;
        }
        auto const kinds = kinds_in(report);
        if (kinds.empty()) {
            ++outside_;  // a busy machine: the loop was kept from running between two jobs
            return;
        }
        if (kinds.size() > 1) fail("two jobs on one stack");
        std::uint64_t number = last_ + 1;
        while (number % job_kinds != kinds[0]) ++number;
        if (number > begun_.load(std::memory_order_acquire))
            fail("a report of job %u, which did not run then", kinds[0]);
        skipped_ += number - last_ - 1;
        last_ = number;
        ++right_;
    }
    void print() const
    {
        std::printf(
            "guards: %lu jobs, %lu reports: right %lu, wrong 0, in no job %lu, flagged %lu, without a stack %lu; "
            "%lu jobs without an exact report\n",
            begun_.load(), reports_, right_, outside_, flagged_, without_, skipped_);
        std::fflush(stdout);
    }
    [[nodiscard]] unsigned long right() const { return right_; }

private:
    std::atomic<std::uint64_t> begun_{0};
    std::uint64_t last_{0};
    unsigned long reports_{0}, right_{0}, outside_{0}, flagged_{0}, without_{0}, skipped_{0};
};

void guard_for(clock::duration length)
{
    constexpr auto jobs = all_jobs(std::make_integer_sequence<unsigned, job_kinds>{});
    bustle around;
    order_of_jobs order;
    net::io_context ctx;
    {
        loopwatch::no_loop_blocking guard{ctx,
                                          {.threshold = 2ms, .action = loopwatch::on_block::log},
                                          [&](loopwatch::block_report const& r) { order.see(r); }};
        std::atomic<shadow*> account{nullptr};
        with_shadow(account, [&] {
            terrain ground{17, around.plugins, true, figures};
            dice roll{18};
            std::uint64_t number = 0;
            auto const until = clock::now() + length;
            net::steady_timer pause{ctx};
            std::function<void()> const next = [&] {
                order.begin(++number);
                jobs[number % job_kinds](ground, roll, std::chrono::microseconds{3000 + roll(2000)});
                if (clock::now() >= until) return;
                pause.expires_after(1ms);
                pause.async_wait([&](auto) { next(); });
            };
            post(ctx, next);
            ctx.run();
        });
    }
    order.print();
    if (order.right() == 0) fail("no report showed the job that blocked");
}

}  // namespace

int main(int argc, char** argv)
{
    auto const length = time_to_run(argc, argv);
    capture_for(length / 3, false, "a loop that never sleeps");
    capture_for(length / 3, true, "a loop that sleeps at times");
    guard_for(length / 3);
}
