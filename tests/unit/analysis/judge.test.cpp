// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/allowance/allowed_time.hpp>
#include <loopwatch/impl/analysis/cause/judge.hpp>
#include <loopwatch/options.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

auto const blamed = options{}.raise_on;

observation seen(nanoseconds after, activity what, std::string text = {}, lock_kind kind = lock_kind::other)
{
    return {after, {what, kind, std::move(text)}};
}

/// 100 ms over a threshold of 10 ms.
block_evidence undisturbed()
{
    block_evidence e;
    e.duration = 100ms;
    e.threshold = 10ms;
    return e;
}

time_spent spent(nanoseconds on_cpu, nanoseconds run_delay = 0ms) { return {100ms, on_cpu, run_delay}; }

}  // namespace

TEST_CASE("the cause is the largest part of the time, and the evidence says how large", "[judge]")
{
    auto e = undisturbed();
    std::vector<observation> samples;
    auto const verdict = [&] {
        e.seen = samples;
        return judge(e, blamed);
    };

    SECTION("cpu")
    {
        e.spent = spent(97ms);
        samples = {seen(10ms, activity::running)};
        CHECK(verdict().cause == cause::cpu);
        CHECK(verdict().evidence == "on CPU for 97% of 100.0 ms");
    }
    SECTION("cpu, though the one sample met it asleep")
    {
        e.spent = spent(80ms);
        samples = {seen(10ms, activity::call, "read(fd 3: /a)")};
        CHECK(verdict().cause == cause::cpu);
        CHECK(verdict().evidence == "on CPU for 80% of 100.0 ms; 20% in other system calls");
    }
    SECTION("a call")
    {
        e.spent = spent(1ms);
        samples = {seen(10ms, activity::call, "nanosleep(2 s)")};
        CHECK(verdict().cause == cause::blocking_call);
        CHECK(verdict().evidence == "nanosleep(2 s)");
    }
    SECTION("a call, met computing at the deadline")
    {
        e.spent = spent(12ms);
        samples = {seen(10ms, activity::running), seen(15ms, activity::call, "poll(fd 3)"),
                   seen(40ms, activity::call, "poll(fd 4)")};
        CHECK(verdict().cause == cause::blocking_call);
        CHECK(verdict().evidence == "poll(fd 3); 12% on CPU");
        samples[1].in_main = false;
        CHECK(verdict().evidence == "poll(fd 4); 12% on CPU");
    }
    SECTION("a lock, and who holds it")
    {
        e.spent = spent(0ms);
        e.holder = "thread 4711 \"db-pool\"";
        samples = {seen(10ms, activity::lock, "mutex 0x55", lock_kind::mutex)};
        CHECK(verdict().cause == cause::lock);
        CHECK(verdict().evidence == "mutex 0x55 held by thread 4711 \"db-pool\"");
    }
    SECTION("its own lock")
    {
        e.spent = spent(0ms);
        e.holds_it_itself = true;
        samples = {seen(10ms, activity::lock, "mutex 0x55", lock_kind::mutex)};
        CHECK(verdict().cause == cause::self_deadlock);
        CHECK(verdict().evidence == "waits for a mutex that it holds (mutex 0x55)");
    }
    SECTION("a future, with nobody there to keep the promise")
    {
        e.spent = spent(0ms);
        e.is_alone = true;
        samples = {seen(10ms, activity::lock, "a future", lock_kind::future)};
        CHECK(verdict().cause == cause::self_deadlock);
        CHECK(verdict().evidence == "waits for a future, and no other thread is there to end it");
        e.is_alone = false;
        CHECK(verdict().cause == cause::lock);
    }
    SECTION("a semaphore, which a signal handler or another process may raise")
    {
        e.spent = spent(0ms);
        e.is_alone = true;
        samples = {seen(10ms, activity::lock, "semaphore", lock_kind::semaphore)};
        CHECK(verdict().cause == cause::lock);
    }
    SECTION("a disk")
    {
        e.spent = spent(10ms);
        e.major_faults = 37;
        samples = {seen(10ms, activity::disk, "a page fault")};
        CHECK(verdict().cause == cause::disk);
        e.process_major_faults = 40;
        CHECK(verdict().evidence == "a page fault; page faults: 37 major; 10% on CPU");
        e.major_faults = 0;  // as where they all came before the deadline
        CHECK(verdict().evidence == "a page fault; page faults of the process: 40 major; 10% on CPU");
    }
    SECTION("many short handlers")
    {
        e.spent = spent(96ms);
        samples = {seen(10ms, activity::running)};
        e.handlers = {5, 4ms, 3ms};
        CHECK(verdict().cause == cause::backlog);
        CHECK(verdict().evidence == "at least 5 handlers ran meanwhile; on CPU for 96%");
        SECTION("not if one of them was long")
        {
            e.handlers = {5, 40ms, 3ms};
            CHECK(verdict().cause == cause::cpu);
        }
        SECTION("not if none of them was surely short")
        {
            e.handlers = {5, 0ms, 60ms};
            CHECK(verdict().cause == cause::cpu);
        }
        SECTION("not if there were few")
        {
            e.handlers = {2, 4ms, 3ms};
            CHECK(verdict().cause == cause::cpu);
        }
    }
    SECTION("asleep, and nobody saw where")
    {
        e.spent = spent(10ms);
        CHECK(verdict().cause == cause::unknown);
        CHECK(verdict().evidence == "10% on CPU, 0% waiting for one, 90% asleep");
    }
    SECTION("nothing known")
    {
        CHECK(verdict().cause == cause::unknown);
        CHECK(verdict().evidence.empty());
    }
    SECTION("without the kernel's counts, by the samples alone")
    {
        samples = {seen(10ms, activity::running), seen(90ms, activity::call, "read(fd 3)")};
        CHECK(verdict().cause == cause::blocking_call);
    }
    SECTION("two kinds of sleep share the time by their samples")
    {
        e.spent = spent(0ms);
        samples = {seen(10ms, activity::call, "read(fd 3)"), seen(30ms, activity::lock, "mutex 0x1"),
                   seen(80ms, activity::call, "read(fd 3)")};
        // read: 10 + 70 ms, mutex 20 ms
        CHECK(verdict().cause == cause::blocking_call);
        CHECK(verdict().evidence == "read(fd 3); 20% waiting for locks");
    }
    CHECK(verdict().excuse.empty());
    CHECK(verdict().own == 100ms);
}

TEST_CASE("nobody is blamed for what the code did not do", "[judge]")
{
    auto e = undisturbed();
    std::vector<observation> const samples{seen(10ms, activity::running)};
    e.seen = samples;

    SECTION("kept from a CPU")
    {
        e.spent = spent(5ms, 94ms);
        e.runnable = 8;
        e.processors = 2;
        auto const j = judge(e, blamed);
        CHECK(j.cause == cause::starved);
        CHECK(j.evidence == "waited 94.0 ms of 100.0 ms for a CPU; 8 runnable threads on 2 cores");
        CHECK(j.own == 6ms);
        CHECK(j.excuse == "only 6.0 ms of it are its own");
        e.process_preemptions = 12;
        CHECK(judge(e, blamed).evidence ==
              "waited 94.0 ms of 100.0 ms for a CPU; 8 runnable threads on 2 cores; 12 involuntary context switches");
    }
    SECTION("another thread would have run what is next, had it been given a CPU")
    {
        e.spent = spent(100ms);
        e.free_starved = 93ms;
        auto const j = judge(e, blamed);
        CHECK(j.cause == cause::starved);
        CHECK(j.own == 7ms);
        CHECK(j.evidence == "a thread that was free waited 93.0 ms of 100.0 ms for a CPU");
        e.free_starved = 90ms;
        CHECK(judge(e, blamed).cause == cause::cpu);
        CHECK(judge(e, blamed).excuse.empty());
    }
    SECTION("kept from it before the counting began")
    {
        e.spent = time_spent{8ms, 8ms, 0ms};
        e.uncounted = 92ms;
        auto const j = judge(e, blamed);
        CHECK(j.cause == cause::starved);
        CHECK(j.own == 8ms);
        CHECK(j.excuse == "only 8.0 ms of it are its own");
        CHECK(
            j.evidence ==
            "waited 0.0 us of 100.0 ms for a CPU; of its first 92.0 ms nothing is known, since the watchdog was late");
    }
    SECTION("kept from a CPU, but long enough without")
    {
        e.spent = spent(40ms, 60ms);
        auto const j = judge(e, blamed);
        CHECK(j.cause == cause::cpu);
        CHECK(j.own == 40ms);
        CHECK(j.excuse.empty());
        CHECK(j.evidence == "on CPU for 40% of 100.0 ms; 60% waiting for a CPU");
    }
    SECTION("exactly the threshold is its own")
    {
        e.spent = spent(10ms, 90ms);
        CHECK(judge(e, blamed).excuse.empty());
    }
    SECTION("throttled")
    {
        e.spent = spent(5ms, 94ms);
        e.throttled = 80ms;
        CHECK(judge(e, blamed).evidence ==
              "waited 94.0 ms of 100.0 ms for a CPU; its cgroup was throttled for 80.0 ms");
    }
    SECTION("stood still")
    {
        e.duration = 2040ms;
        e.late = 2035ms;
        e.forgiven = true;
        e.spent = time_spent{2040ms, 5ms, 0ms};
        auto const j = judge(e, blamed);
        CHECK(j.cause == cause::suspended);
        CHECK(j.evidence == "the watchdog itself woke 2.04 s late");
        CHECK(j.own == 5ms);
        CHECK_FALSE(j.excuse.empty());
    }
    SECTION("debugged")
    {
        e.spent = spent(97ms);
        e.tracer = 4711;
        auto const j = judge(e, blamed);
        CHECK(j.cause == cause::cpu);
        CHECK(j.excuse == "a debugger is attached (process 4711)");
    }
    SECTION("excluded")
    {
        e.spent = spent(97ms);
        CHECK(judge(e, cause_set::all().without(cause::cpu)).excuse == "raise_on leaves out cpu");
        CHECK(judge(e, {cause::cpu}).excuse.empty());
    }
    SECTION("asked for all the same")
    {
        e.spent = spent(5ms, 94ms);
        CHECK(judge(e, cause_set::all()).excuse.empty());
    }
}

TEST_CASE("counts of a part of the block stand for the whole", "[judge]")
{
    auto e = undisturbed();
    e.spent = time_spent{80ms, 40ms, 0ms};
    CHECK(judge(e, blamed).evidence == "50% on CPU, 0% waiting for one, 50% asleep");
    SECTION("those of more than the block are no more than it")
    {
        e.spent = time_spent{120ms, 110ms, 0ms};
        CHECK(judge(e, blamed).evidence == "on CPU for 100% of 100.0 ms");
    }
}

TEST_CASE("the parts of a block are no more than the whole", "[judge]")
{
    auto e = undisturbed();
    std::vector<observation> samples{seen(10ms, activity::running)};
    e.seen = samples;
    SECTION("where more was counted than the block")
    {
        e.spent = time_spent{104ms, 90ms, 13ms};
        CHECK(judge(e, blamed).evidence == "on CPU for 87% of 100.0 ms; 13% waiting for a CPU");
        CHECK(judge(e, blamed).own == 87ms);
    }
    SECTION("where all are rounded")
    {
        e.spent = spent(33'600us, 33'600us);
        samples = {seen(10ms, activity::running), seen(90ms, activity::call, "read(fd 3)")};
        e.seen = samples;
        CHECK(judge(e, blamed).evidence ==
              "on CPU for 34% of 100.0 ms; 33% waiting for a CPU; 33% in other system calls");
        e.seen = {};
        e.spent = spent(20'600us, 30'600us);
        CHECK(judge(e, blamed).evidence == "21% on CPU, 30% waiting for one, 49% asleep");
    }
    SECTION("where the one is counted, and the others are guessed")
    {
        e.spent = time_spent{.all = 100ms, .on_cpu = 80ms, .run_delay_counted = false};
        samples = {seen(60ms, activity::running), seen(90ms, activity::call, "read(fd 3)")};
        e.seen = samples;
        CHECK(judge(e, blamed).evidence == "on CPU for 80% of 100.0 ms; 20% in other system calls");
    }
}

TEST_CASE("where waits for a CPU are not counted, nothing is said of them", "[judge]")
{
    auto e = undisturbed();
    e.spent = time_spent{.all = 80ms, .on_cpu = 32ms, .run_delay_counted = false};
    CHECK(judge(e, blamed).cause == cause::unknown);
    CHECK(judge(e, blamed).evidence == "40% on CPU, 60% asleep or waiting for one");
    std::vector<observation> const samples{seen(10ms, activity::running)};
    e.seen = samples;
    CHECK(judge(e, blamed).cause == cause::cpu);
    CHECK(judge(e, blamed).evidence == "on CPU for 40% of 100.0 ms");
}

// --- what was allowed ---

namespace {

allowance_name reload{"reload certificates"};

/// The time of a block of 100 ms that was allowed, by one scope.
allowed_time allowed(nanoseconds from, nanoseconds to, nanoseconds budget = no_budget, nanoseconds elsewhere = 0ms)
{
    constexpr time_point t0{1s};
    std::vector<allowed_segment> const noted{{t0 + from, t0 + to, to - from, &reload, 1, budget}};
    allowed_time time{noted, t0, t0 + 100ms};
    time.hold_to_budgets(elsewhere);
    return time;
}

}  // namespace

TEST_CASE("what was allowed is not the code's own", "[judge]")
{
    auto e = undisturbed();
    std::vector<observation> samples{seen(10ms, activity::running)};
    e.seen = samples;
    e.spent = spent(97ms);

    SECTION("all of it")
    {
        e.allowed = allowed(0ms, 100ms);
        auto const j = judge(e, blamed);
        CHECK(j.excuse == "allowed: reload certificates (100.0 ms)");
        CHECK(j.own == 0ms);
        CHECK(j.cause == cause::cpu);
        CHECK(j.evidence == "on CPU for 97% of 100.0 ms");
        CHECK(j.was_allowed);
    }
    SECTION("all but less than the threshold")
    {
        e.allowed = allowed(0ms, 91ms);
        auto const j = judge(e, blamed);
        CHECK(j.excuse == "allowed: reload certificates (91.0 ms)");
        CHECK(j.own == 9ms);
    }
    SECTION("all but the threshold")
    {
        e.allowed = allowed(0ms, 90ms);
        e.excludes_allowed = true;
        auto const j = judge(e, blamed);
        CHECK(j.excuse.empty());
        CHECK(j.own == 10ms);
        CHECK(j.was_allowed);
        CHECK(j.evidence == "on CPU for 10% of 100.0 ms; allowed: reload certificates (90.0 ms)");
    }
    SECTION("next to nothing of it")
    {
        e.allowed = allowed(0ms, 1ms);
        e.excludes_allowed = true;
        auto const j = judge(e, blamed);
        CHECK(j.excuse.empty());
        CHECK(j.own == 99ms);
        CHECK_FALSE(j.was_allowed);
        CHECK(j.evidence == "on CPU for 97% of 100.0 ms");
    }
    SECTION("even if raise_on asks for everything, or does not ask for it")
    {
        e.allowed = allowed(0ms, 100ms);
        CHECK(judge(e, cause_set::all()).excuse == "allowed: reload certificates (100.0 ms)");
        CHECK(judge(e, {}).excuse == "allowed: reload certificates (100.0 ms)");
    }
    SECTION("but a debugger is the better excuse")
    {
        e.tracer = 4711;
        e.allowed = allowed(0ms, 100ms);
        CHECK(judge(e, blamed).excuse == "a debugger is attached (process 4711)");
    }
}

TEST_CASE("the wait for a CPU and what was allowed are both taken off in full", "[judge]")
{
    auto e = undisturbed();
    std::vector<observation> samples{seen(10ms, activity::running)};
    e.seen = samples;

    SECTION("together they leave less than the threshold")
    {
        e.spent = spent(50ms, 50ms);
        e.allowed = allowed(0ms, 45ms);
        auto const j = judge(e, blamed);
        CHECK(j.own == 5ms);
        CHECK(j.excuse == "allowed: reload certificates (45.0 ms)");
        CHECK(j.was_allowed);
    }
    SECTION("the wait alone does")
    {
        e.spent = spent(5ms, 95ms);
        e.allowed = allowed(0ms, 20ms);
        auto const j = judge(e, blamed);
        CHECK(j.cause == cause::starved);
        CHECK(j.excuse == "only 0.0 us of it are its own");
        CHECK_FALSE(j.was_allowed);
        CHECK(judge(e, cause_set::all()).excuse.empty());
    }
    SECTION("either alone does")
    {
        e.spent = spent(5ms, 95ms);
        e.allowed = allowed(0ms, 95ms);
        auto const j = judge(e, blamed);
        CHECK(j.cause == cause::starved);
        CHECK(j.excuse == "allowed: reload certificates (95.0 ms)");
        CHECK_FALSE(j.was_allowed);
        // Asked for all the same, and allowed.
        CHECK(judge(e, cause_set::all()).excuse == "allowed: reload certificates (95.0 ms)");
        CHECK(judge(e, cause_set::all()).was_allowed);
    }
    SECTION("more than there is")
    {
        e.spent = spent(20ms, 80ms);
        e.allowed = allowed(0ms, 80ms);
        CHECK(judge(e, blamed).own == 0ms);
    }
}

TEST_CASE("more than the budget is blamed, however little it is", "[judge]")
{
    auto e = undisturbed();
    std::vector<observation> samples{seen(99ms, activity::call, "read(fd 3: /etc/cert)")};
    e.seen = samples;
    e.spent = spent(0ms);
    e.excludes_allowed = true;

    SECTION("beyond it")
    {
        e.allowed = allowed(0ms, 100ms, 98ms);
        auto const j = judge(e, blamed);
        CHECK(j.excuse.empty());
        CHECK(j.own == 2ms);
        CHECK(j.cause == cause::blocking_call);
        CHECK(j.evidence ==
              "2.0 ms over the 98.0 ms allowed for \"reload certificates\"; read(fd 3: /etc/cert); allowed: reload "
              "certificates (98.0 ms)");
    }
    SECTION("within it")
    {
        e.allowed = allowed(0ms, 100ms, 100ms);
        e.excludes_allowed = false;
        CHECK(judge(e, blamed).excuse == "allowed: reload certificates (100.0 ms)");
    }
    SECTION("not by the wait for a CPU")
    {
        e.spent = spent(0ms, 30ms);
        e.excludes_allowed = false;
        e.allowed = allowed(0ms, 100ms, 80ms, 30ms);
        CHECK(judge(e, blamed).excuse == "allowed: reload certificates (100.0 ms)");
        e.excludes_allowed = true;
        e.allowed = allowed(0ms, 100ms, 60ms, 30ms);
        auto const j = judge(e, blamed);
        CHECK(j.excuse.empty());
        CHECK(j.own == 10ms);
    }
    SECTION("if raise_on asks for its cause")
    {
        e.allowed = allowed(0ms, 100ms, 98ms);
        CHECK(judge(e, {cause::cpu}).excuse == "raise_on leaves out blocking_call");
    }
}

TEST_CASE("the cause of a block is that of what was not allowed", "[judge]")
{
    auto e = undisturbed();
    std::vector<observation> samples;
    e.excludes_allowed = true;
    auto const verdict = [&] {
        e.seen = samples;
        return judge(e, blamed);
    };

    SECTION("allowed to sleep, and then it computed")
    {
        e.spent = spent(40ms);
        e.allowed = allowed(0ms, 60ms);
        samples = {seen(62ms, activity::running)};
        CHECK(verdict().cause == cause::cpu);
        CHECK(verdict().evidence == "on CPU for 40% of 100.0 ms; allowed: reload certificates (60.0 ms)");
    }
    SECTION("allowed to compute, and then it slept")
    {
        e.spent = spent(61ms);
        e.allowed = allowed(0ms, 60ms);
        samples = {seen(62ms, activity::call, "nanosleep(1 s)"), seen(90ms, activity::call, "nanosleep(1 s)")};
        CHECK(verdict().cause == cause::blocking_call);
        CHECK(verdict().evidence == "nanosleep(1 s); allowed: reload certificates (60.0 ms)");
    }
    SECTION("nobody saw the rest, but it can only have computed")
    {
        e.spent = spent(98ms);
        e.allowed = allowed(0ms, 60ms);
        CHECK(verdict().cause == cause::cpu);
    }
    SECTION("nobody saw the rest, and it may have done anything")
    {
        e.spent = spent(50ms);
        e.allowed = allowed(0ms, 60ms);
        CHECK(verdict().cause == cause::unknown);
    }
    SECTION("without the kernel's counts, a sample stands for what was not allowed since the one before")
    {
        e.allowed = allowed(20ms, 90ms);
        samples = {seen(10ms, activity::running), seen(95ms, activity::call, "read(fd 3)")};
        // 10 ms, and 10 + 10 ms
        CHECK(verdict().cause == cause::blocking_call);
        samples = {seen(19ms, activity::running), seen(95ms, activity::call, "read(fd 3)")};
        CHECK(verdict().cause == cause::cpu);
    }
}

TEST_CASE("what was counted is a backlog, whatever the samples met", "[judge]")
{
    auto e = undisturbed();
    std::vector<observation> const samples{seen(10ms, activity::call, "read(fd 3: /a)")};
    e.seen = samples;
    e.spent = spent(97ms);
    e.handlers_run = "1240 handlers in 100.0 ms: 1240 x f";
    CHECK(judge(e, blamed).cause == cause::backlog);
    CHECK(judge(e, blamed).evidence == "1240 handlers in 100.0 ms: 1240 x f; on CPU for 97%");
    // But not what had no CPU.
    e.spent = spent(2ms, 95ms);
    CHECK(judge(e, blamed).cause == cause::starved);
}
