// SPDX-License-Identifier: BSL-1.0
#include "record.hpp"

#include <loopwatch/impl/capture/look.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include <dlfcn.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

// Runs each scenario, captures its thread as the watchdog does, and compares what was found with what the scenario
// noted of itself. Prints one line for each: what the library claims, whether that is true, and why.

using namespace loopwatch::detail;
using matrix::now;

namespace {

/// As the watchdog: it asks, and looks for the answer now and then.
void capture(int thread, look& to)
{
    loop_thread const one{thread};
    static process_threads threads;
    to.begin({&one, 1}, threads);
    while (to.under_way()) {
        std::this_thread::sleep_until(to.next_poll(clock::now()));
        to.poll(threads);
    }
}

/// What the program noted, or libgcc saw, and what was found at that place. Addresses are compared one by one.
struct comparison {
    bool right{true};
    std::string why;

    void fails(std::string text)
    {
        if (right) why = std::move(text);
        right = false;
    }
};

std::string hex(std::uintptr_t value)
{
    char text[32];
    std::snprintf(text, sizeof text, "%#lx", static_cast<unsigned long>(value));
    return text;
}

bool in_same_function(std::uintptr_t a, std::uintptr_t b)
{
    void const* const begin = _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(a));
    return begin != nullptr && begin == _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(b));
}

/// Frames of others may stand where the program says so, and there alone.
comparison compare(std::span<std::uintptr_t const> found, bool is_whole)
{
    constexpr std::size_t most_of_others = 16;
    comparison c;
    std::span<matrix::call const> const noted{now.calls, now.size};
    std::span<std::uintptr_t const> const second{now.second, now.second_size};
    if (noted.size() < 20) c.fails("the scenario noted " + std::to_string(noted.size()) + " frames only");

    // Within the function that blocks there are at most libc's.
    std::size_t at = 0;
    while (at < found.size() && at < most_of_others && found[at] != noted.back().returns_to) ++at;
    if (at == 0 || at == found.size() || at == most_of_others) {
        c.fails("the caller of the function that blocks is missing");
        return c;
    }
    if (!in_same_function(at == 1 ? found[0] : found[at - 1] - 1, now.blocks))
        c.fails("the function that blocks is missing");
    std::size_t const innermost_caller = at;

    for (std::size_t k = noted.size() - 1; k-- > 0;) {
        ++at;
        if (noted[k + 1].by_others) {
            std::size_t const from = at;
            while (at < found.size() && at - from < most_of_others && found[at] != noted[k].returns_to) ++at;
        }
        if (at >= found.size()) {
            if (is_whole || now.own_stack) c.fails("it ends " + std::to_string(k + 1) + " frames early");
            break;
        }
        if (found[at] != noted[k].returns_to) {
            c.fails("frame " + std::to_string(at) + " is " + hex(found[at]) + " and not " + hex(noted[k].returns_to));
            return c;
        }
    }

    // The program can't note frames of others; libgcc sees them. Not the first frames of a fiber, which libgcc may see
    // or not.
    std::span<std::uintptr_t const> const callers = found.subspan(innermost_caller);
    std::size_t const size = now.own_stack ? at + 1 - innermost_caller : callers.size();
    if (!now.own_stack && is_whole && callers.size() != second.size())
        c.fails(std::to_string(callers.size()) + " frames, where libgcc sees " + std::to_string(second.size()));
    for (std::size_t i = 0; i < std::min({size, callers.size(), second.size()}); ++i)
        if (callers[i] != second[i])
            c.fails("frame " + std::to_string(innermost_caller + i) + " is not what libgcc sees");
    return c;
}

/// How often it was given a CPU: a thread in which a signal's handler ran was.
run_counters runs_of(int thread) { return run_counters_of(thread, thread_files::shared()).value_or(run_counters{}); }

void wait_until_asleep(int thread)
{
    kernel_sleep where;
    for (;;) {
        run_counters const before = runs_of(thread);
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
        if (look_into_kernel(thread, thread_files::shared(), where) == seen_in_kernel::sleeping &&
            runs_of(thread) == before)
            return;
    }
}

void end_block(bool& ended)
{
    __atomic_store_n(&now.go_on, true, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&ended, __ATOMIC_ACQUIRE)) {
        ::pthread_mutex_lock(&matrix::wake_lock);
        ::pthread_cond_broadcast(&matrix::wake);
        ::pthread_mutex_unlock(&matrix::wake_lock);
        ::syscall(SYS_tgkill, ::getpid(), now.thread, SIGUSR1);
        std::this_thread::sleep_for(std::chrono::microseconds{200});
    }
}

std::string_view claim_of(snapshot const& s)
{
    switch (s.missing) {
        case capture_error::none: return "exact";
        case capture_error::guessed:
        case capture_error::half_restored: return "approximate";
        default: return s.size > 0 ? "partial" : "none";
    }
}

void describe(std::span<std::uintptr_t const> found)
{
    auto const print = [](char const* what, std::size_t i, std::uintptr_t address) {
        Dl_info info{};
        bool const known = ::dladdr(reinterpret_cast<void*>(address - 1), &info) != 0;
        std::fprintf(
            stderr, "  %s %zu: %s+%#lx %s\n", what, i, known ? info.dli_fname : "",
            static_cast<unsigned long>(known ? address - reinterpret_cast<std::uintptr_t>(info.dli_fbase) : address),
            known && info.dli_sname != nullptr ? info.dli_sname : "");
    };
    for (std::size_t i = 0; i < found.size(); ++i) print("found", i, found[i]);
    for (std::size_t i = 0; i < now.size; ++i) print("noted", i, now.calls[now.size - 1 - i].returns_to);
}

void watch(matrix::scenario const& scenario, bool& ended)
{
    static look l;
    while (__atomic_load_n(&now.thread, __ATOMIC_ACQUIRE) == 0)
        std::this_thread::sleep_for(std::chrono::microseconds{100});
    if (scenario.sleeps) wait_until_asleep(now.thread);

    run_counters const before = runs_of(now.thread);
    capture(now.thread, l);
    bool const ran = !(runs_of(now.thread) == before);

    snapshot const& found = l.found().of_loop()[0].stack;
    std::string_view const claim = claim_of(found);
    comparison const c = compare(found.frames(), claim == "exact" || claim == "approximate");
    std::printf("%s\t%.*s\t%s\t%s\t%d\t%zu\t%.*s\t%s\n", scenario.name, static_cast<int>(claim.size()), claim.data(),
                c.right ? "right" : "wrong", scenario.sleeps && ran ? "woken" : "undisturbed",
                __atomic_load_n(&now.cut_short, __ATOMIC_RELAXED), found.size,
                static_cast<int>(text_of(found.missing).size()), text_of(found.missing).data(), c.why.c_str());
    std::fflush(stdout);
    if (!c.right) describe(found.frames());
    if (scenario.where != matrix::scenario::place::main_thread) ::pthread_mutex_unlock(&matrix::held);
    end_block(ended);
}

struct task {
    matrix::scenario const* scenario;
    bool ended;
};

void* run(void* data)
{
    auto& t = *static_cast<task*>(data);
    matrix::next = t.scenario->steps;
    matrix::next_step();
    __atomic_store_n(&t.ended, true, __ATOMIC_RELEASE);
    return nullptr;
}

void* watch_task(void* data)
{
    auto& t = *static_cast<task*>(data);
    watch(*t.scenario, t.ended);
    return nullptr;
}

void run_and_watch(matrix::scenario const& scenario)
{
    using place = matrix::scenario::place;
    std::memset(&now, 0, sizeof now);
    bool const on_main_thread = scenario.where == place::main_thread;
    if (!on_main_thread) ::pthread_mutex_lock(&matrix::held);  // by the thread that watches
    task t{&scenario, false};
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    pthread_t thread{};
    int failed = 0;
    if (scenario.where == place::small_thread) failed = ::pthread_attr_setstacksize(&attributes, 16 * 1024);
    if (failed != 0 || ::pthread_create(&thread, &attributes, on_main_thread ? watch_task : run, &t) != 0) {
        std::printf("%s\tnone\twrong\tundisturbed\t0\t0\t\tno such thread can be made\n", scenario.name);
        if (!on_main_thread) ::pthread_mutex_unlock(&matrix::held);
        return;
    }
    on_main_thread ? run(&t) : watch_task(&t);
    ::pthread_join(thread, nullptr);
    ::pthread_attr_destroy(&attributes);
}

}  // namespace

int main(int count, char** arguments)
{
    struct sigaction wakes = {};
    wakes.sa_handler = [](int) {};
    ::sigaction(SIGUSR1, &wakes, nullptr);
    if (::pipe(matrix::pipe_ends) != 0) return 1;
    prepare_capture();
    matrix::scenario_list const all = matrix::scenarios();
    for (matrix::scenario const& s : std::span{all.data, all.size})
        if (count < 2 || std::string_view{s.name}.find(arguments[1]) != std::string_view::npos) run_and_watch(s);
}
