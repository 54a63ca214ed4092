// SPDX-License-Identifier: BSL-1.0

// What a capture takes: from the thread whose stack it is, and until it is there. The kinds of signal handler that are
// compared interrupt the same thread in turns, so that what else the machine does hits all of them.
//   capture [turns]
// Exits with 0 if every goal was reached.

#include "goals.hpp"
#include "statistics.hpp"

#include <asio.hpp>
#include <fmt/format.h>
#include <loopwatch/impl/policy/policy.hpp>
#include <loopwatch/impl/watch/runtime.hpp>
#include <loopwatch/impl/watch/watch.hpp>
#include <loopwatch/loopwatch.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <alloca.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#include <unwind.h>

#if !LOOPWATCH_HAS_SIGNAL_CAPTURE()
int main() { fmt::print("there is no capture on this platform\n"); }
#else

namespace detail = loopwatch::detail;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using microseconds = std::chrono::duration<double, std::micro>;

// --- time ---

/// Cheaper than a clock: a gap of the loop that reads it is the gap and no more.
inline std::uint64_t ticks()
{
#if LOOPWATCH_HAS_X86_64()
    return __builtin_ia32_rdtsc();
#else
    return static_cast<std::uint64_t>(clock_type::now().time_since_epoch().count());
#endif
}

double ticks_per_us()
{
    static double const rate = [] {
        auto const began = clock_type::now();
        auto const first = ticks();
        std::this_thread::sleep_for(100ms);
        auto const last = ticks();
        return static_cast<double>(last - first) / microseconds{clock_type::now() - began}.count();
    }();
    return rate;
}

double us_of(std::uint64_t count) { return static_cast<double>(count) / ticks_per_us(); }

double us_since(clock_type::time_point began) { return microseconds{clock_type::now() - began}.count(); }

// --- results ---

void print_row(std::string_view what, std::vector<double> const& us)
{
    fmt::print("  {:<44} median {:8.2f} us   quartiles {:8.2f} to {:8.2f}   p99 {:8.2f}\n", what, median(us),
               quantile(us, 0.25), quantile(us, 0.75), quantile(us, 0.99));
}

// --- the threads: the one that asks and the one that is asked, each on a CPU of its own ---

/// Its own place: a thread that waits in a loop for another on the same CPU would wait for long.
void move_to_cpu(bool last)
{
    static auto const allowed = [] {
        std::vector<std::size_t> cpus;
        cpu_set_t all;
        if (::sched_getaffinity(0, sizeof all, &all) == 0)
            for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
                if (CPU_ISSET(cpu, &all)) cpus.push_back(cpu);
        return cpus;
    }();
    if (allowed.size() < 2) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(last ? allowed.back() : allowed.front(), &one);
    ::sched_setaffinity(0, sizeof one, &one);
}

/// So many frames, each with so much of the stack, and then `innermost`.
[[gnu::noinline]] long dive(int frames, std::size_t padding, auto& innermost)
{
    auto* const pad = static_cast<char volatile*>(alloca(padding + 16));
    for (std::size_t i = 0; i < padding; i += 64) pad[i] = static_cast<char>(i);
    pad[0] = 1;
    long below = 0;
    if (frames > 1)
        below = dive(frames - 1, padding, innermost);
    else
        innermost();
    return below + pad[0];  // after the call: no frame gives way to the next
}

constexpr int depth = 25;  // and a few frames of the thread's beginning

/// A thread that does nothing but read the clock, and knows for how long it was kept from it.
class busy_thread {
public:
    explicit busy_thread(std::size_t stack)
        : thread_{[this, stack] {
              move_to_cpu(true);
              number_ = detail::this_thread_number();
              stack_ = detail::this_thread_stack();
              auto innermost = [this] { read_the_clock(); };
              constexpr std::size_t rest = 5 << 10;  // what the thread's beginning and its own variables take
              dive(depth, (stack - rest) / depth, innermost);
          }}
    {
        begin();
    }
    busy_thread(busy_thread const&) = delete;
    busy_thread& operator=(busy_thread const&) = delete;
    ~busy_thread()
    {
        over_ = true;
        thread_.join();
    }

    [[nodiscard]] detail::thread_number number() const { return number_; }
    [[nodiscard]] detail::stack_bounds const& stack() const { return stack_; }

    /// From here on its gaps count. Returns the longest since the last call.
    std::uint64_t begin()
    {
        auto const mine = ++round_;
        while (seen_.load(std::memory_order_acquire) != mine) {
        }
        return longest_.load(std::memory_order_relaxed);
    }

private:
    void read_the_clock()
    {
        unsigned seen = 0;
        std::uint64_t longest = 0;
        for (auto last = ticks(); !over_.load(std::memory_order_relaxed);) {
            auto const now = ticks();
            if (now - last > longest) longest = now - last;
            last = now;
            if (auto const asked = round_.load(std::memory_order_relaxed); asked != seen) {
                // It may have been interrupted since it read the clock.
                longest_.store(std::max(std::exchange(longest, 0), ticks() - last), std::memory_order_relaxed);
                seen = asked;
                seen_.store(asked, std::memory_order_release);
                last = ticks();
            }
        }
    }

    std::atomic<unsigned> round_{0};
    std::atomic<unsigned> seen_{0};
    std::atomic<std::uint64_t> longest_{0};
    std::atomic<bool> over_{false};
    detail::thread_number number_{0};
    detail::stack_bounds stack_;
    std::thread thread_;
};

// --- what the signal does to the thread ---

enum class handler_kind { empty, loopwatch, libgcc };

std::atomic<handler_kind> installed{handler_kind::empty};
std::atomic<bool> answered{false};
std::atomic<std::uint64_t> handler_ticks{0};
std::atomic<int> frames_of_libgcc{0};

_Unwind_Reason_Code count_frame(_Unwind_Context* context, void* state)
{
    if (_Unwind_GetIP(context) != 0) ++*static_cast<int*>(state);
    return _URC_NO_REASON;
}

void on_signal(int signal, siginfo_t* info, void* context)
{
    auto const began = ticks();
    switch (installed.load(std::memory_order_relaxed)) {
        case handler_kind::empty: break;
        case handler_kind::loopwatch: detail::on_capture_signal(signal, info, context); break;
        case handler_kind::libgcc: {
            int frames = 0;
            _Unwind_Backtrace(&count_frame, &frames);
            frames_of_libgcc.store(frames, std::memory_order_relaxed);
            break;
        }
    }
    handler_ticks.store(ticks() - began, std::memory_order_relaxed);
    answered.store(true, std::memory_order_release);
}

constexpr int bench_signal = SIGUSR1;

void interrupt(detail::thread_number thread)
{
    answered = false;
    ::syscall(SYS_tgkill, ::getpid(), static_cast<pid_t>(thread), bench_signal);
    while (!answered.load(std::memory_order_acquire)) {
    }
}

struct interruption {
    double handler;  // us
    double gap;
};

detail::capture_slot& the_slot = detail::capture_slots[0];

interruption interrupt_with(handler_kind kind, busy_thread& thread)
{
    installed = kind;
    thread.begin();
    if (kind == handler_kind::loopwatch &&
        detail::request_slot(static_cast<std::uint32_t>(thread.number()), thread.stack(), {}) != &the_slot)
        throw std::runtime_error{"the slot is in use"};
    interrupt(thread.number());
    interruption const seen{us_of(handler_ticks), us_of(thread.begin())};
    if (kind == handler_kind::loopwatch && !the_slot.done()) throw std::runtime_error{"the handler did not answer"};
    return seen;
}

/// What the watchdog does with an image later.
struct unwinding {
    double walk;        // us
    double coroutines;  // to search it for them, too
};

class unwinder {
public:
    unwinding operator()(detail::stack_image const& image)
    {
        auto const from = detail::registers_of(image.words);
        auto const began = clock_type::now();
        detail::unwind(from, image.stack.copy(), detail::outside_copy::fail, memory_, trace_);
        double const walk = us_since(began);
        auto const again = clock_type::now();
        detail::capture_tools::get().unwind(from, image.stack.copy(), detail::outside_copy::fail, detail::list_heads{},
                                            found_);
        return {walk, std::max(0., us_since(again) - walk)};
    }
    [[nodiscard]] detail::snapshot const& found() const { return found_; }

private:
    detail::foreign_memory memory_;
    detail::trace trace_;
    detail::snapshot found_{};
};

/// Must be the first capture in the process.
void measure_first()
{
    busy_thread thread{8 << 10};
    unwinder unwind;
    auto const seen = interrupt_with(handler_kind::loopwatch, thread);
    auto const later = unwind(the_slot.image);
    the_slot.release();
    fmt::print(
        "The first capture in the process\n  in the handler {:.2f} us, the whole gap {:.2f} us, unwinding {} frames "
        "{:.2f} us\n\n",
        seen.handler, seen.gap, unwind.found().size, later.walk);
}

/// Lines of docs/cost.md's table, in its order.
std::string for_the_page;

void measure_interruptions(int turns, std::size_t stack)
{
    busy_thread thread{stack};
    unwinder unwind;
    std::array<std::vector<double>, 3> handler;
    std::array<std::vector<double>, 3> gap;
    std::vector<double> ratio;
    std::vector<double> walk;
    std::vector<double> coroutines;
    for (int i = 0; i < turns; ++i) {
        std::array<double, 3> now{};
        for (int j = 0; j < 3; ++j) {
            auto const at = static_cast<std::size_t>((i + j) % 3);
            auto const seen = interrupt_with(static_cast<handler_kind>(at), thread);
            handler[at].push_back(seen.handler);
            gap[at].push_back(now[at] = seen.gap);
            if (!the_slot.done()) continue;
            auto const later = unwind(the_slot.image);
            walk.push_back(later.walk);
            coroutines.push_back(later.coroutines);
            the_slot.release();
        }
        ratio.push_back(now[1] / now[0]);
    }
    fmt::print("A running thread of {} frames (libgcc counts {}), {:.1f} KB copied: {} turns\n", unwind.found().size,
               frames_of_libgcc.load(), static_cast<double>(the_slot.image.stack.size) / 1024, turns);
    if (auto const why = unwind.found().missing; why != detail::capture_error::none)
        fmt::print("  the stack is not whole: {}\n", detail::text_of(why));
    print_row("in the handler  loopwatch", handler[1]);
    print_row("                _Unwind_Backtrace", handler[2]);
    print_row("the whole gap   empty handler", gap[0]);
    print_row("                loopwatch", gap[1]);
    print_row("                _Unwind_Backtrace", gap[2]);
    print_row("afterwards      unwinding the copy", walk);
    print_row("                searching it for coroutines", coroutines);
    fmt::print("  gap of loopwatch / of the empty handler: median of the pairs {:.3f}, quartiles {:.3f} to {:.3f}\n",
               median(ratio), quantile(ratio, 0.25), quantile(ratio, 0.75));
    print_goal("handler under 1 us", median(handler[1]) < 1);
    print_goal("gap within 15 % of the empty handler's", median(ratio) < 1.15);
    fmt::print("\n");
    if (stack == 32 << 10)
        for_the_page += fmt::format(
            "| the loop's pause by a capture while it runs, with {} frames and {:.0f} KB of stack (an empty signal "
            "handler: {:.1f} us) | {:.1f} us |\n",
            unwind.found().size, static_cast<double>(the_slot.image.stack.size) / 1024, median(gap[0]), median(gap[1]));
}

// --- a thread that sleeps ---

void measure_sleeper(int turns)
{
    std::mutex mutex;
    std::unique_lock held{mutex};
    std::atomic<detail::thread_number> number{0};
    detail::snapshot to{};
    std::thread sleeper{[&] {
        to.stack = detail::this_thread_stack();
        auto innermost = [&] {
            number = detail::this_thread_number();
            std::lock_guard const wait{mutex};
        };
        dive(depth, 256, innermost);
    }};
    while (number == 0) std::this_thread::yield();
    std::this_thread::sleep_for(10ms);
    auto& tools = detail::capture_tools::get();
    std::vector<double> looks;
    for (int i = 0; i < turns; ++i) {
        auto const began = clock_type::now();
        if (tools.look_at_sleeper(number, tools.unwind, to) != detail::sleeper_capture::result::taken) continue;
        looks.push_back(us_since(began));
    }
    held.unlock();
    sleeper.join();
    fmt::print("A sleeping thread of {} frames: {} looks of {} succeeded\n", to.size, looks.size(), turns);
    print_row("a look, with the unwinding", looks);
    print_goal("every look succeeds", looks.size() == static_cast<std::size_t>(turns));
    fmt::print("\n");
}

// --- from the deadline to the capture, with the library's own watchdog ---

constexpr auto threshold = 5ms;

void spin(clock_type::duration length)
{
    auto const until = clock_type::now() + length;
    while (clock_type::now() < until) {
    }
}

void doze(clock_type::duration length) { std::this_thread::sleep_for(length); }

/// Blocks a loop for a little more than the threshold. Returns how long after the deadline its stack was taken, in us.
std::optional<double> latency(void (*block)(clock_type::duration))
{
    asio::io_context loop;
    auto& runtime = detail::runtime::get();
    runtime.wait_until_ready();
    auto& watchdog = runtime.watchdog();
    detail::watch_settings how{.threshold = threshold, .is_context = true, .context = &loop};
    auto const w = detail::shared<detail::watch>{
        new detail::watch{std::move(how), threshold / 4, watchdog.bell(), detail::make_loop(loop).released()}};
    std::optional<double> seen;
    asio::post(loop, [&] {
        auto innermost = [&] {
            block(threshold + 3ms);
            std::lock_guard const hold{watchdog.mutex()};
            auto* const found = w->block();
            if (found == nullptr) return;
            detail::look& first = found->record->first;
            static detail::process_threads threads;
            first.poll(threads);
            if (!first.taken()) return;
            detail::snapshot const& taken = first.found().of_loop()[0].stack;
            if (taken.complete()) seen = microseconds{taken.taken_at - w->beat_deadline.due_at()}.count();
        };
        dive(depth, 256, innermost);
    });
    watchdog.add(w, LOOPWATCH_THIS_FRAME());
    loop.run();
    watchdog.remove(*w);
    runtime.reporter().flush(*w);  // before the next turn: naming the frames takes a CPU
    return seen;
}

/// How late the system wakes a thread that waits as the watchdog does, meanwhile another runs or sleeps: what no
/// capture can be earlier than.
double wake_up(void (*block)(clock_type::duration))
{
    double late = 0;
    std::thread waits{[&late] {
        detail::wake_this_thread_on_time();
        detail::doorbell bell;
        auto const planned = clock_type::now() + threshold;
        bell.wait_until(bell.rung(), planned);
        late = us_since(planned);
    }};
    block(threshold + 3ms);
    waits.join();
    return late;
}

void measure_latency(int turns)
{
    std::array<std::vector<double>, 2> seen;
    std::array<std::vector<double>, 2> woken;
    for (int i = 0; i < turns; ++i)
        for (bool const running : {i % 2 == 0, i % 2 != 0}) {
            auto* const block = running ? spin : doze;
            if (auto const us = latency(block)) seen[running].push_back(*us);
            woken[running].push_back(wake_up(block));
        }
    fmt::print("From the deadline until the stack is taken: {} blocks of each kind, {} and {} of them captured\n",
               turns, seen[1].size(), seen[0].size());
    print_row("of a running thread", seen[1]);
    print_row("of a sleeping thread", seen[0]);
    print_row("the system alone    beside a running thread", woken[1]);
    print_row("                    beside a sleeping one", woken[0]);
    for (bool const running : {true, false})
        print_goal(fmt::format("a {} thread's under 50 us in the median", running ? "running" : "sleeping"),
                   !seen[running].empty() && median(seen[running]) < 50);
    fmt::print("\n");
    for_the_page += fmt::format(
        "| from the deadline until the stack of a thread that runs is taken (a bare timer's wake-up takes {:.0f} us "
        "here) | "
        "{:.0f} us |\n| of one that sleeps ({:.0f} us) | {:.0f} us |\n",
        median(woken[1]), median(seen[1]), median(woken[0]), median(seen[0]));
}

int main(int argc, char** argv)
{
    int const turns = argc > 1 ? std::atoi(argv[1]) : 2000;
    if (turns <= 0) {
        fmt::print(stderr, "usage: {} [turns]\n", argv[0]);
        return 2;
    }
    struct sigaction action{};
    action.sa_sigaction = &on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigaction(bench_signal, &action, nullptr);

    // The library's threads are started by this one, and must be free to go where they like.
    std::thread{[turns] {
        move_to_cpu(false);
        detail::prepare_capture();
        measure_first();
        for (std::size_t const kb : {8U, 32U, 64U}) measure_interruptions(turns, kb * 1024);
    }}.join();
    measure_sleeper(turns);
    for_the_page += "| by a capture while it sleeps in the kernel | none |\n";
    measure_latency(std::max(1, turns / 10));
    fmt::print("For docs/cost.md:\n{}\n", for_the_page);
    return all_reached ? EXIT_SUCCESS : EXIT_FAILURE;
}
#endif
