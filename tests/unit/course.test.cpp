// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/detail/cause/course.hpp>
#include <loopwatch/detail/pack.hpp>

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
    t.stack.missing = gap::too_deep;  // so that it does not seem out of the loop
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
    raw.known = 1;
    raw.lives.resize(1);
    return raw;
}

answer first_of(raw_block const& raw) { return {.thread = 0, .allowed = {}, .apart = false, .look = &raw.first[0]}; }

named_stack in_a_handler()
{
    std::vector<frame> stack(2);
    stack[0].function = "app::parse()";
    stack[1].function = "asio::detail::executor_op<app::h>::do_complete(void*)";
    for (frame& f : stack) f.module = "/home/me/app";
    return {stack, gap::none, true};
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
    CHECK(course_of(raw, first_of(raw), {{}, gap::no_answer, false}, names, true).samples.empty());
    raw = a_block();
    CHECK(course_of(raw, first_of(raw), {{}, gap::none, position::outside}, names, true).samples.empty());
    CHECK(course_of(raw, first_of(raw), {{}, gap::none, position::outside}, names, false).samples.size() == 1);
    CHECK(course_of(raw, first_of(raw), in_a_handler(), names, true).samples.size() == 1);
}

TEST_CASE("the sample that tells is one that shows the cause", "[course]")
{
    course all;
    auto const see = [&](nanoseconds after, activity what, char const* call = nullptr) {
        frame innermost;
        innermost.function = call != nullptr ? call : "app::parse()";
        all.seen.push_back({after, {what, {}, "at something"}, call != nullptr});
        all.samples.push_back({after, "at something", {innermost}, stack_quality::exact});
    };
    see(10ms, activity::call, "read");
    see(20ms, activity::running, "read");  // woken, and waiting for a CPU
    see(30ms, activity::running);
    see(40ms, activity::lock, "pthread_mutex_lock");
    CHECK(telling_sample(all, cause::blocking_call, true) == nullptr);
    CHECK(telling_sample(all, cause::cpu, true) == &all.samples[2]);
    CHECK(telling_sample(all, cause::lock, true) == &all.samples[3]);
    CHECK(telling_sample(all, cause::disk, true) == nullptr);
    SECTION("where there was no stack at the deadline, one of those that came later")
    {
        CHECK(telling_sample(all, cause::blocking_call, false) == &all.samples[0]);
    }
    SECTION("of calls that do not sleep, the one that it was most often in")
    {
        all.seen[2].in_call = true;
        all.samples[2].stack[0].function = "clock_gettime";
        see(50ms, activity::running, "clock_gettime");
        CHECK(telling_sample(all, cause::cpu, true) == &all.samples[2]);
        CHECK(telling_sample(all, cause::cpu, false) == nullptr);
    }
    SECTION("one that is not exact shows nothing")
    {
        all.samples[2].stack_quality = stack_quality::partial;
        CHECK(telling_sample(all, cause::cpu, true) == nullptr);
    }
    SECTION("of several handlers none stands for all")
    {
        all.handlers.count = 2;
        CHECK(telling_sample(all, cause::cpu, true) == nullptr);
    }
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
    CHECK(spent->in_queue == 40ms);
    life.to.at = life.from.at;
    CHECK_FALSE(spent_by(life));
}

TEST_CASE("a wait for a CPU that is not over counts as well", "[course]")
{
    raw_block raw = a_block();
    thread_life life{.name = {}, .from = {true, sent_at, 5ms, 1ms, 3}, .to = {true, sent_at + 100ms, 5ms, 1ms, 3}};
    auto const waiting = [&] { return still_in_queue(raw, life, loop_thread_number); };
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
        CHECK(evidence().process_pushed_off == 12);
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
