// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <loopwatch/impl/report/compose.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

#if LOOPWATCH_HAS_LINUX()
#include <sys/syscall.h>

namespace {

watch_settings const& settings_of_main()
{
    static watch_settings const of_main{.threshold = 10ms, .raise_on = cause_set::all(), .name = "main"};
    return of_main;
}

block_allowances none_allowed(named_block const& block)
{
    block_allowances none;
    none.of_threads.resize(block.looked_at());
    return none;
}

composition composed(named_block const& block)
{
    return composed(settings_of_main(), block, none_allowed(block), false);
}

named_look reading_at(nanoseconds after)
{
    named_look look = made::look(after, made::handler_in_call("read", "app::load()"));
    look.in_call = true;
    look.reading.state = 'S';
    look.reading.in_kernel = true;
    look.reading.call.number = SYS_read;
    return look;
}

named_look waiting_for_mutex_at(nanoseconds after)
{
    named_look look = made::look(after, made::handler_in_call("pthread_mutex_lock", "app::store()"));
    look.in_call = true;
    look.reading.state = 'S';
    look.reading.in_kernel = true;
    look.reading.call.number = SYS_futex;
    look.reading.call.mutex_owner = 9;
    return look;
}

named_look computing_at(nanoseconds after) { return made::look(after, made::handler("app::parse()")); }

/// As it is where a coroutine has called what the thread is in.
named_look in_coroutine(named_look look, char const* name)
{
    frame coroutine = made::function(name);
    coroutine.coroutine = true;
    look.frames.insert(look.frames.end() - 1, coroutine);
    return look;
}

std::vector<std::string> functions_of(std::vector<frame> const& stack)
{
    std::vector<std::string> names;
    for (frame const& f : stack) names.push_back(f.function);
    return names;
}

std::string culprit_of(block_report const& report)
{
    return report.culprit() == nullptr ? std::string{} : report.culprit()->function;
}

}  // namespace

TEST_CASE("a report says what the block was", "[compose]")
{
    named_block block =
        made::block({made::thread({computing_at(10ms), computing_at(30ms)}, made::life(99ms, 0ms, "io"))});
    block.reported_at += 20ms;
    block.reported_at_wall = std::chrono::system_clock::time_point{1h};
    auto const made_of = composed(block);
    CHECK(made_of.is_block);
    CHECK_FALSE(made_of.not_run);
    block_report const& report = made_of.report;
    CHECK(report.loop == "main");
    CHECK(report.thread_id == 7);
    CHECK(report.thread_name == "io");
    CHECK(report.threshold == 10ms);
    CHECK(report.duration == 100ms);
    CHECK(report.duration_max == 101ms);
    CHECK(report.own_duration == 100ms);
    CHECK(report.began_at == std::chrono::system_clock::time_point{1h} - 120ms);
    CHECK(report.ended);
    CHECK(report.cause == cause::cpu);
    CHECK(report.samples.size() == 2);
    CHECK(report.stack_quality == stack_quality::exact);
    CHECK(culprit_of(report) == "app::parse()");
    for (ending const how : {ending::watch, ending::none}) {
        block.how = how;
        CHECK_FALSE(composed(block).report.ended);
    }
}

TEST_CASE("the stack shown is the deadline's, unless that shows another cause", "[compose]")
{
    auto const reported = [](nanoseconds on_cpu, std::initializer_list<named_look> looks) {
        return composed(made::block({made::thread(looks, made::life(on_cpu))})).report;
    };
    SECTION("it waited, as it did then")
    {
        auto const report = reported(5ms, {reading_at(10ms), computing_at(20ms), reading_at(60ms)});
        CHECK(report.cause == cause::blocking_call);
        CHECK(culprit_of(report) == "app::load()");
        CHECK(functions_of(report.stack).front() == "read");
    }
    SECTION("it computed, and was waiting then")
    {
        auto const report = reported(90ms, {reading_at(10ms), computing_at(20ms), computing_at(60ms)});
        CHECK(report.cause == cause::cpu);
        CHECK(culprit_of(report) == "app::parse()");
    }
    SECTION("it computed in system calls, and was once seen asleep in one, and then for less in none")
    {
        auto const counted = [](named_look look, nanoseconds on_cpu) {
            look.reading.counters = {
                .known = true, .at = look.taken_at, .on_cpu = on_cpu, .run_delay = {}, .slices = 4};
            return look;
        };
        named_look in_call = reading_at(10ms);
        in_call.reading.state = 'R';
        in_call.reading.in_kernel = false;
        named_look asleep = in_call;
        asleep.taken_at = made::began_at + 50ms;
        asleep.asleep = true;
        auto const report =
            reported(90ms, {counted(in_call, 10ms), counted(asleep, 50ms), counted(computing_at(90ms), 85ms)});
        CHECK(report.cause == cause::cpu);
        CHECK(culprit_of(report) == "app::load()");
    }
    SECTION("it waited, and was computing then")
    {
        auto const report = reported(5ms, {computing_at(10ms), reading_at(20ms), waiting_for_mutex_at(90ms)});
        CHECK(report.cause == cause::lock);
        CHECK(culprit_of(report) == "app::store()");
        CHECK_THAT(report.fix, contains("mutex"));  // of what is shown
    }
    SECTION("but by no stack that is not exact, which then says why")
    {
        named_look partial = computing_at(20ms);
        partial.missing = capture_error::too_deep;
        partial.complete = false;
        auto const report = reported(90ms, {reading_at(10ms), partial});
        CHECK(report.cause == cause::cpu);
        CHECK(culprit_of(report) == "app::load()");
        named_look guessed = reading_at(10ms);
        guessed.missing = capture_error::guessed;
        auto const waited = reported(5ms, {guessed, reading_at(20ms)});
        CHECK(waited.stack_quality == stack_quality::approximate);
        CHECK(waited.stack_missing == text_of(capture_error::guessed));
        auto const computed = reported(90ms, {guessed, computing_at(20ms)});
        CHECK(computed.stack_quality == stack_quality::exact);
        CHECK(computed.stack_missing.empty());
    }
}

TEST_CASE("who awaits is said of the deadline's coroutine alone", "[compose]")
{
    auto const awaited = [](named_look look, char const* coroutine) {
        look = in_coroutine(std::move(look), coroutine);
        look.awaited = "app::serve()";
        look.awaiters = made::stack({"app::session()", "asio::detail::co_spawn_entry_point()", "app::accept()"});
        return look;
    };
    auto const reported = [](nanoseconds on_cpu, std::initializer_list<named_look> looks) {
        return composed(made::block({made::thread(looks, made::life(on_cpu))})).report;
    };
    std::vector<std::string> const awaiters{"app::session()", "app::accept()"};

    auto const at_deadline = reported(5ms, {awaited(reading_at(10ms), "app::serve()")});
    CHECK(functions_of(at_deadline.awaited_by) == awaiters);
    for (frame const& f : at_deadline.awaited_by) CHECK(f.coroutine);
    SECTION("not if it is another that runs there")
    {
        CHECK(reported(5ms, {awaited(reading_at(10ms), "app::other()")}).awaited_by.empty());
        named_look no_coroutine = reading_at(10ms);
        no_coroutine.awaiters = made::stack({"app::session()"});
        CHECK(reported(5ms, {no_coroutine}).awaited_by.empty());
    }
    SECTION("with a later sample only if that is of the same")
    {
        auto const same = reported(
            90ms, {awaited(reading_at(10ms), "app::serve()"), in_coroutine(computing_at(30ms), "app::serve()")});
        CHECK(culprit_of(same) == "app::parse()");
        CHECK(functions_of(same.awaited_by) == awaiters);
        auto const other = reported(
            90ms, {awaited(reading_at(10ms), "app::serve()"), in_coroutine(computing_at(30ms), "app::other()")});
        CHECK(culprit_of(other) == "app::parse()");
        CHECK(other.awaited_by.empty());
        CHECK(reported(90ms, {awaited(reading_at(10ms), "app::serve()"), computing_at(30ms)}).awaited_by.empty());
    }
}

TEST_CASE("who holds a mutex is said if the thread waited for it at the deadline", "[compose]")
{
    auto const held = [](std::initializer_list<named_look> looks) {
        named_block block = made::block({made::thread(looks, made::life(5ms))});
        named_look holder = made::look(11ms, made::stack({"app::refresh()"}), position::unknown);
        holder.thread = 9;
        block.holder = holder;
        block.holder_name = "db-pool";
        return block;
    };
    auto const report = composed(held({waiting_for_mutex_at(10ms), waiting_for_mutex_at(40ms)})).report;
    CHECK(report.cause == cause::lock);
    REQUIRE(report.held_by);
    CHECK(report.held_by->thread_id == 9);
    CHECK(report.held_by->thread_name == "db-pool");
    CHECK(report.held_by->stack_quality == stack_quality::exact);
    CHECK(functions_of(report.held_by->stack) == std::vector<std::string>{"app::refresh()"});

    CHECK_FALSE(composed(held({reading_at(10ms), waiting_for_mutex_at(40ms)})).report.held_by);
    SECTION("not if what is shown is of later, since the deadline's moment was allowed")
    {
        named_block const block = held({waiting_for_mutex_at(10ms), waiting_for_mutex_at(40ms)});
        static allowance_name reason{"reload"};
        allowed_segment const segment{
            .from = made::began_at, .to = made::began_at + 20ms, .amount = 20ms, .what = &reason, .scope = 1};
        block_allowances allowed = none_allowed(block);
        allowed.of_threads[0] = {{&segment, 1}, block.sent_at, block.ended_at()};
        auto const later = composed(settings_of_main(), block, allowed, false).report;
        CHECK(later.cause == cause::lock);
        CHECK_FALSE(later.held_by);
        CHECK_THAT(later.evidence, contains("thread 9") && !contains("db-pool"));
    }
}

TEST_CASE("a block of a loop that was left lasted until it was last seen in a handler", "[compose]")
{
    named_block block = made::block({made::thread({computing_at(20ms)}, made::life(60ms))});
    block.how = ending::watch;
    block.latest = {made::look(95ms, made::stack({"app::pause()"}), position::outside)};
    auto const left = [&] { return composed(block); };
    CHECK(left().is_block);
    CHECK(left().not_run);
    CHECK(left().report.ended);
    CHECK(left().report.duration == 20ms);
    SECTION("in a later sample, say")
    {
        block.threads[0].looks.push_back(computing_at(60ms));
        block.threads[0].looks.push_back(made::look(80ms, made::stack({"asio::run()"}), position::parked));
        CHECK(left().report.duration == 60ms);
    }
    SECTION("and as long as the threshold at least")
    {
        block.threads[0].looks[0] = computing_at(9ms);
        CHECK(left().report.duration == 10ms);
    }
    SECTION("while it goes on there is no word to say of it")
    {
        block.how = ending::none;
        CHECK_FALSE(left().is_block);
        CHECK(left().not_run);
    }
    SECTION("if it was not left it lasted until the end")
    {
        block.latest[0].where = position::handler;
        CHECK(left().report.duration == 100ms);
        CHECK_FALSE(left().report.ended);
        CHECK_FALSE(left().not_run);
    }
}

TEST_CASE("no stack is shown that may not be what the loop waited for, and the report says why", "[compose]")
{
    SECTION("of a thread in no handler")
    {
        named_block block = made::block({made::thread(
            {made::look(10ms, made::stack({"asio::detail::epoll_reactor::run(long)"}), position::parked)})});
        CHECK_FALSE(composed(block).is_block);
        block.hold = strand_hold::by_one;
        auto const report = composed(block).report;
        CHECK(report.stack.empty());
        CHECK(report.samples.empty());
        CHECK(report.stack_quality == stack_quality::none);
        CHECK_THAT(report.stack_missing, contains("was in a handler"));
        CHECK(report.thread_id == 7);
    }
    SECTION("of several that may hold the strand")
    {
        watch_settings const strand{.threshold = 10ms, .raise_on = cause_set::all(), .on_strand = true};
        auto const in_strand = [] {
            return made::thread({made::look(
                10ms, made::stack({"app::parse()", "asio::detail::strand_service::invoke()", made::do_complete}))});
        };
        named_block const block = made::block({in_strand(), in_strand()});
        auto const made_of = composed(strand, block, none_allowed(block), false);
        CHECK(made_of.is_block);
        CHECK(made_of.report.stack.empty());
        CHECK_THAT(made_of.report.stack_missing, contains("held the strand"));
    }
}

TEST_CASE("positions say nothing of a loop whose handlers Asio does not call", "[compose]")
{
    named_block block =
        made::block({made::thread({made::look(10ms, made::stack({"app::work()", "app::exec()"}), position::outside),
                                   made::look(30ms, made::stack({"app::work()", "app::exec()"}), position::outside)},
                                  made::life(90ms))});
    CHECK_FALSE(composed(block).is_block);
    block.beat_path = made::stack({"app::beat()", "app::exec()"});
    auto const made_of = composed(block);
    CHECK(made_of.is_block);
    CHECK(culprit_of(made_of.report) == "app::work()");
    CHECK(made_of.report.samples.size() == 2);
}

TEST_CASE("a report says which handler held the loop", "[compose]")
{
    auto look = computing_at(10ms);
    frame runs = made::function("asio::detail::scheduler::run(std::error_code&)");
    runs.outside = true;
    look.frames.insert(look.frames.end(), runs);
    named_block block = made::block({made::thread({look}, made::life(99ms))});
    CHECK(composed(block).report.handler == handler_info{});
    block.handler.known = true;
    block.handler.queued = 3ms;
    block.handler_type.operation = "post";
    block_report const report = composed(block).report;
    CHECK(report.handler.operation == "post");
    CHECK(report.handler.completion_handler == "app::parse");
    CHECK(report.handler.queued == 3ms);
    CHECK(report.handlers_run.empty());
    CHECK(report.cause == cause::cpu);

    block.handler.thread = 7;
    CHECK(composed(block).report.handler == report.handler);
    block.handler.thread = 8;
    CHECK(composed(block).report.handler == handler_info{});
    block.handler.thread = 0;

    // What else ran is nothing to it.
    block.ran_all = 100;
    CHECK(composed(block).report.cause == cause::cpu);
    CHECK(composed(block).report.handlers_run.empty());
}

TEST_CASE("a report of a queue says what ran meanwhile", "[compose]")
{
    named_block block = made::block({made::thread({computing_at(10ms), reading_at(30ms)}, made::life(99ms))});
    block.ran[0].count = 1200;
    block.ran[1].count = 40;
    block.ran_types = 2;
    block.ran_all = 1240;
    block.ran_as.resize(2);
    block.ran_as[0].handler = "session::on_read";
    block.ran_as[1].operation = "async_wait";
    block_report report = composed(block).report;
    CHECK(report.cause == cause::backlog);
    CHECK(report.evidence == "1240 handlers in 100.0 ms: 1200 x session::on_read, 40 x async_wait; on CPU for 99%");
    CHECK(report.handlers_run == std::vector<handler_count>{{"session::on_read", 1200}, {"async_wait", 40}});
    CHECK(report.handler == handler_info{});

    // One that got no CPU is none, and says nothing of it.
    block.threads[0].life = made::life(1ms, 98ms);
    report = composed(block).report;
    CHECK(report.cause == cause::starved);
    CHECK(report.handlers_run.empty());
}

TEST_CASE("a block of which only allowed moments were met says so", "[compose]")
{
    named_block const block = made::block({made::thread({computing_at(10ms)}, made::life(90ms))});
    static allowance_name reason{"reload"};
    allowed_segment const segment{
        .from = made::began_at, .to = made::began_at + 50ms, .amount = 50ms, .what = &reason, .scope = 1};
    block_allowances allowed = none_allowed(block);
    allowed.of_threads[0] = {{&segment, 1}, block.sent_at, block.ended_at()};
    auto const report = composed(settings_of_main(), block, allowed, false).report;
    CHECK(report.own_duration == 50ms);
    CHECK_THAT(report.evidence, contains("a moment that was allowed"));
    CHECK(culprit_of(report) == "app::parse()");
    CHECK(reason.excused);
}

#endif
