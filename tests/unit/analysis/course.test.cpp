// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/analysis/cause/course.hpp>
#include <loopwatch/impl/watch/pack.hpp>

#include <chrono>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

#if LOOPWATCH_HAS_LINUX()
#include <sys/syscall.h>

namespace {

constexpr thread_number loop_thread_number = 7;
time_point const sent_at{1h};

seen_thread seen_at(nanoseconds after, thread_number thread = loop_thread_number)
{
    seen_thread t;
    t.stack.thread = thread;
    t.stack.taken_at = sent_at + after;
    t.stack.missing = capture_error::too_deep;  // so that it does not seem out of the loop
    t.stack.addresses[0] = reinterpret_cast<std::uintptr_t>(&seen_at);
    t.stack.size = 1;
    t.reading.thread = thread;
    t.reading.state = 'S';
    t.reading.in_kernel = true;
    t.reading.call.number = SYS_read;
    return t;
}

/// 100 ms over a threshold of 10 ms, seen at the deadline.
raw_block a_block()
{
    raw_block raw;
    raw.sent_at = sent_at;
    raw.waited = 100ms;
    raw.first = {seen_at(10ms)};
    raw.lives.resize(1);
    return raw;
}

answer first_of(raw_block const& raw)
{
    return {.thread = 0, .allowed = {}, .excludes_allowed = false, .look = &raw.first[0]};
}

named_stack in_a_handler()
{
    std::vector<frame> stack(2);
    stack[0].function = "app::parse()";
    stack[1].function = "asio::detail::executor_op<app::h>::do_complete(void*)";
    for (frame& f : stack) f.module = "/home/me/app";
    return {stack, capture_error::none, true};
}

block_report a_report()
{
    block_report report;
    report.duration = 100ms;
    report.threshold = 10ms;
    return report;
}

}  // namespace

TEST_CASE("a course has the samples of the one thread, in order, up to the end", "[course]")
{
    symbolizer names;
    raw_block raw = a_block();
    raw.later = {{seen_at(20ms, 8), seen_at(20ms)},
                 {seen_at(40ms, 8)},
                 {seen_at(60ms)},
                 {seen_at(100ms)},  // the heartbeat has run
                 {seen_at(150ms)}};
    auto const all = course_of(raw, first_of(raw), in_a_handler(), names, true);
    REQUIRE(all.samples.size() == 3);
    CHECK(all.samples[0].after == 10ms);
    CHECK(all.samples[0].stack.size() == 2);
    CHECK(all.samples[1].after == 20ms);
    CHECK(all.samples[2].after == 60ms);
    REQUIRE(all.seen.size() == 3);
    CHECK(all.seen[2].after == 60ms);
    CHECK(all.seen[2].what.what == activity::call);
    CHECK(all.last_in_handler == 10ms);
}

TEST_CASE("a sample without a stack, or out of the loop, is none", "[course]")
{
    symbolizer names;
    raw_block raw = a_block();
    raw.first[0].stack.size = 0;
    CHECK(course_of(raw, first_of(raw), {{}, capture_error::no_answer, false}, names, true).samples.empty());
    raw = a_block();
    CHECK(course_of(raw, first_of(raw), {{}, capture_error::none, position::outside}, names, true).samples.empty());
    CHECK(course_of(raw, first_of(raw), {{}, capture_error::none, position::outside}, names, false).samples.size() ==
          1);
    CHECK(course_of(raw, first_of(raw), in_a_handler(), names, true).samples.size() == 1);
}

namespace {

/// A moment of a course, as a line of a table.
struct seen_moment {
    nanoseconds after;
    activity what;
    char const* call;                      // "": in none
    char const* function{"app::parse()"};  // "": nothing but Asio's
    nanoseconds computed{};
    bool between{false};
};

course course_with(std::vector<seen_moment> const& table)
{
    course all;
    auto const named = [](char const* function) {
        frame f;
        f.function = function;
        f.module = "/home/me/app";
        return f;
    };
    for (seen_moment const& m : table) {
        std::vector<frame> stack;
        bool const in_call = *m.call != '\0';
        if (in_call) {
            stack.push_back(named(m.call));
            stack.back().module = "/lib/libc.so.6";
        }
        if (*m.function != '\0') stack.push_back(named(m.function));
        stack.push_back(named("asio::detail::executor_op<app::h>::do_complete(void*)"));
        all.seen.push_back({m.after, {m.what, {}, "at something"}, in_call, m.between, m.computed});
        all.samples.push_back({m.after, "at something", stack, stack_quality::exact});
    }
    return all;
}

/// When the sample was that is shown in the place of the deadline's; 0: it stays.
nanoseconds shown_of(course const& all, cause why = cause::cpu, bool has_stack = true)
{
    block_sample const* const shown = telling_sample(all, why, has_stack);
    return shown == nullptr ? 0ms : shown->after;
}

}  // namespace

TEST_CASE("the sample that tells is one that shows the cause", "[course]")
{
    std::vector<seen_moment> table{{10ms, activity::call, "read"},
                                   {20ms, activity::running, "read", "app::load()"},  // woken, and waiting for a CPU
                                   {30ms, activity::running, "", "app::parse()", 10ms},
                                   {40ms, activity::lock, "pthread_mutex_lock"}};
    CHECK(shown_of(course_with(table), cause::blocking_call) == 0ms);
    CHECK(shown_of(course_with(table), cause::cpu) == 30ms);
    CHECK(shown_of(course_with(table), cause::lock) == 40ms);
    CHECK(shown_of(course_with(table), cause::disk) == 0ms);
    SECTION("where there was no stack at the deadline, one of those that came later")
    {
        CHECK(shown_of(course_with(table), cause::blocking_call, false) == 10ms);
    }
    SECTION("where nothing is counted, of calls the one that it was most often in, if there is nothing else")
    {
        table[2] = {30ms, activity::running, "clock_gettime", "app::wait()"};
        table.push_back({50ms, activity::running, "clock_gettime", "app::wait()"});
        CHECK(shown_of(course_with(table)) == 30ms);
        CHECK(shown_of(course_with(table), cause::cpu, false) == 0ms);
        table.push_back({60ms, activity::running, "", "app::parse()", 10ms});
        CHECK(shown_of(course_with(table)) == 60ms);
    }
    SECTION("one that is not exact shows nothing")
    {
        course all = course_with(table);
        all.samples[2].stack_quality = stack_quality::partial;
        CHECK(shown_of(all) == 0ms);
    }
    SECTION("of several handlers none stands for all")
    {
        course all = course_with(table);
        all.handlers.count = 2;
        CHECK(shown_of(all) == 0ms);
    }
}

TEST_CASE("of a computation that sample tells in whose function the thread was on a CPU for longest", "[course]")
{
    SECTION("in system calls, and at the end in none")
    {
        CHECK(shown_of(course_with({{20ms, activity::running, "fstatat", "app::guilty()", 20ms},
                                    {60ms, activity::running, "fstatat", "app::guilty()", 40ms},
                                    {90ms, activity::running, "", "app::tail()", 30ms}})) == 0ms);
    }
    SECTION("in calls of several kinds, each of them shorter than the end")
    {
        CHECK(shown_of(course_with({{20ms, activity::running, "read", "app::guilty()", 20ms},
                                    {40ms, activity::running, "fstatat", "app::guilty()", 20ms},
                                    {70ms, activity::running, "", "app::tail()", 30ms}})) == 0ms);
    }
    SECTION("shortly in system calls, and for longer in none")
    {
        CHECK(shown_of(course_with({{20ms, activity::running, "read", "app::load()", 20ms},
                                    {50ms, activity::running, "", "app::parse()", 30ms},
                                    {80ms, activity::running, "", "app::parse()", 30ms}})) == 50ms);
    }
    SECTION("often woken, and waiting for a CPU, which is no computation")
    {
        CHECK(shown_of(course_with({{20ms, activity::running, "clock_nanosleep", "app::naps()"},
                                    {40ms, activity::running, "clock_nanosleep", "app::naps()", 2ms},
                                    {60ms, activity::running, "clock_nanosleep", "app::naps()"},
                                    {80ms, activity::running, "", "app::parse()", 4ms}})) == 80ms);
    }
    SECTION("of the function that it was woken in the moment at which it computes")
    {
        CHECK(shown_of(course_with({{20ms, activity::running, "read", "app::load()"},
                                    {40ms, activity::running, "read", "app::load()", 20ms},
                                    {60ms, activity::running, "", "app::parse()", 10ms}})) == 40ms);
    }
    SECTION("the deadline's stays, if it was in no call")
    {
        CHECK(shown_of(course_with({{20ms, activity::running, "", "app::parse()", 20ms},
                                    {60ms, activity::running, "", "app::store()", 40ms}})) == 0ms);
    }
}

TEST_CASE("no sample tells that is outside the handler", "[course]")
{
    SECTION("but for its own end or beginning, where another shows the user's code")
    {
        course fiber = course_with({{20ms, activity::running, "read", "app::in_fiber()"},
                                    {40ms, activity::running, "read", "app::in_fiber()", 10ms},
                                    {90ms, activity::running, "", "", 50ms}});
        CHECK(shown_of(fiber) == 40ms);
        fiber.samples[1].stack_quality = stack_quality::partial;
        CHECK(shown_of(fiber) == 0ms);
    }
    SECTION("nor one between two handlers")
    {
        CHECK(shown_of(course_with({{20ms, activity::running, "read", "", 20ms},
                                    {90ms, activity::running, "", "", 70ms, true}})) == 0ms);
        CHECK(shown_of(course_with({{20ms, activity::running, "", "", 20ms},
                                    {90ms, activity::call, "epoll_wait", "", 0ms, true}}),
                       cause::blocking_call) == 0ms);
    }
}

TEST_CASE("what a thread has computed since the sample before is counted, and nothing if it slept", "[course]")
{
    symbolizer names;
    raw_block raw = a_block();
    raw.lives[0].from = {true, sent_at, 5ms, 0ms, 3};
    auto const see = [](nanoseconds after, nanoseconds on_cpu) {
        seen_thread t = seen_at(after);
        t.reading.state = 'R';
        t.reading.in_kernel = false;
        t.reading.counters = {true, sent_at + after, on_cpu, 0ms, 4};
        t.stack.in_call = true;
        return t;
    };
    raw.first = {see(10ms, 15ms)};
    raw.later = {{see(20ms, 23ms)}, {see(30ms, 31ms)}, {see(40ms, 31ms)}, {see(50ms, 31ms)}, {see(60ms, 0ms)}};
    raw.later[1][0].stack.asleep = true;  // and woken before its state was read
    raw.later[3][0].stack.in_call = false;
    raw.later[4][0].reading.counters = {};
    auto const all = course_of(raw, first_of(raw), in_a_handler(), names, true);
    std::vector<nanoseconds> computed;
    for (observation const& o : all.seen) computed.push_back(o.computed);
    CHECK(computed == std::vector<nanoseconds>{10ms, 8ms, 0ms, 0ms, 1ns, 0ms});
}

TEST_CASE("counters are differences, and unknown where one of the two is", "[course]")
{
    thread_life life;
    CHECK_FALSE(spent_by(life));
    life.from = {true, sent_at, 5ms, 1ms, 3};
    CHECK_FALSE(spent_by(life));
    life.to = {true, sent_at + 100ms, 35ms, 41ms, 9};
    auto const spent = spent_by(life);
    REQUIRE(spent);
    CHECK(spent->all == 100ms);
    CHECK(spent->on_cpu == 30ms);
    CHECK(spent->run_delay == 40ms);
    life.to.at = life.from.at;
    CHECK_FALSE(spent_by(life));
}

TEST_CASE("a wait for a CPU that is not over counts as well", "[course]")
{
    raw_block raw = a_block();
    thread_life life{.name = {}, .from = {true, sent_at, 5ms, 1ms, 3}, .to = {true, sent_at + 100ms, 5ms, 1ms, 3}};
    auto const waiting = [&] { return pending_run_delay(raw, life, loop_thread_number); };
    auto const see = [&](seen_thread& t, nanoseconds at, char state, thread_counters const& counters) {
        t = seen_at(at);
        t.reading.at = sent_at + at;
        t.reading.state = state;
        t.reading.counters = counters;
    };
    CHECK(waiting() == 0ms);  // asleep
    SECTION("since the heartbeat waits, if it has not run at all")
    {
        see(raw.first[0], 10ms, 'R', life.to);
        CHECK(waiting() == 100ms);
    }
    SECTION("since it was last given up, if it has run")
    {
        life.to = {true, sent_at + 100ms, 9ms, 1ms, 4};
        see(raw.first[0], 10ms, 'R', {true, sent_at + 10ms, 7ms, 1ms, 4});
        raw.later = {{seen_at(30ms)}, {seen_at(40ms)}};
        see(raw.later[0][0], 30ms, 'R', life.to);
        see(raw.later[1][0], 40ms, 'R', life.to);
        CHECK(waiting() == 70ms);
    }
    SECTION("not that of another thread, nor of one whose counters have moved")
    {
        see(raw.first[0], 10ms, 'R', {true, sent_at + 10ms, 3ms, 1ms, 3});
        raw.later = {{seen_at(30ms, 8)}};
        see(raw.later[0][0], 30ms, 'R', life.to);
        raw.later[0][0].reading.thread = 8;
        CHECK(waiting() == 0ms);
    }
    SECTION("nothing where the kernel does not count")
    {
        see(raw.first[0], 10ms, 'R', {});
        life.to = {};
        CHECK(waiting() == 0ms);
    }
}

TEST_CASE("what was before the counting is nobody's", "[course]")
{
    raw_block raw = a_block();
    raw.lives[0].from = {true, sent_at + 30ms, 5ms, 1ms, 3};
    raw.lives[0].to = {true, sent_at + 100ms, 75ms, 1ms, 4};
    auto const uncounted = [&](std::vector<observation> const& seen) {
        return evidence_of(raw, first_of(raw), a_report(), seen, {}).uncounted;
    };
    std::vector<observation> const running{{10ms, {activity::running, {}, "on CPU"}}};
    CHECK(uncounted(running) == 30ms);
    SECTION("but of a thread that was seen in a handler, and only then known, it is the handler's")
    {
        raw.lives[0].since_seen = true;
        CHECK(uncounted(running) == 0ms);
    }
    SECTION("of one that was met when all was over nothing is known")
    {
        raw.lives[0] = {};
        CHECK(uncounted({}) == 0ms);  // as on systems that do not count at all
        raw.lives[0].since_seen = true;
        CHECK(uncounted({}) == 100ms);
    }
}

TEST_CASE("evidence is of the thread shown, and of the process during the block", "[course]")
{
    raw_block raw = a_block();
    std::vector<observation> const asleep{{10ms, {activity::lock, lock_kind::mutex, "mutex 0x55"}}};
    auto const evidence = [&] { return evidence_of(raw, first_of(raw), a_report(), asleep, {}); };

    SECTION("faults of the thread since the deadline, of the process since the heartbeat waited")
    {
        raw.first[0].reading.has_faults = true;
        raw.first[0].reading.major_faults = 3;
        raw.later = {{seen_at(20ms)}};
        raw.later[0][0].reading.has_faults = true;
        raw.later[0][0].reading.major_faults = 40;
        raw.at_send = {true, 1, 100, 5};
        raw.after.counters = {true, 1, 112, 47};
        CHECK(evidence().major_faults == 37);
        CHECK(evidence().process_major_faults == 42);
        CHECK(evidence().process_preemptions == 12);
        raw.after.counters.known = false;
        CHECK(evidence().process_major_faults == 0);
    }
    SECTION("throttling is no longer than the block")
    {
        raw.before.has_throttling = raw.after.has_throttling = true;
        raw.before.throttled = 1s;
        raw.after.throttled = 1s + 30ms;
        CHECK(evidence().throttled == 30ms);
        raw.after.throttled = 9s;
        CHECK(evidence().throttled == 100ms);
    }
    SECTION("a mutex is held by itself, or by another whose name may be known")
    {
        raw.first[0].reading.call.mutex_owner = loop_thread_number;
        CHECK(evidence().holds_it_itself);
        CHECK(evidence().holder.empty());
        raw.first[0].reading.call.mutex_owner = 9;
        raw.holder_name = "db-pool";
        CHECK_FALSE(evidence().holds_it_itself);
        CHECK(evidence().holder == "thread 9 \"db-pool\"");
    }
    SECTION("alone is who has nobody but the library's two threads beside it")
    {
        raw.at_deadline.threads = 3;
        CHECK(evidence().is_alone);
        raw.at_deadline.threads = 4;
        CHECK_FALSE(evidence().is_alone);
        raw.at_deadline.threads = 0;
        CHECK_FALSE(evidence().is_alone);
    }
}

#endif
