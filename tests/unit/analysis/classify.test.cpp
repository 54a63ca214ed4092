// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/named_blocks.hpp"

#include <loopwatch/impl/analysis/classify.hpp>

#include <chrono>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;

namespace {

std::vector<frame> stack_of(std::initializer_list<char const*> functions)
{
    std::vector<frame> stack;
    for (char const* const f : functions) {
        frame& each = stack.emplace_back();
        each.function = f;
        each.module = "/home/me/app";
    }
    return stack;
}

std::vector<frame> const in_handler = stack_of(
    {"user::work()", "asio::detail::executor_op<user::h>::do_complete(void*, asio::detail::scheduler_operation*)",
     "asio::detail::scheduler::do_run_one()", "asio::io_context::run()", "main"});
std::vector<frame> const in_wait =
    stack_of({"asio::detail::epoll_reactor::run(long)", "asio::detail::scheduler::do_run_one()", "main"});
std::vector<frame> const through_strand =
    stack_of({"asio::detail::strand_executor_service::invoker<asio::any_io_executor>::operator()()",
              "asio::detail::executor_op<int>::do_complete(void*)", "asio::detail::scheduler::run()", "main"});
std::vector<frame> const in_main = stack_of({"user::pause()", "main"});
std::vector<frame> const in_own_loop = stack_of({"user::work()", "user::gui_loop::exec()", "main"});

named_look full(std::vector<frame> const& s) { return made::look(nanoseconds{}, s, position_of(s, true)); }
named_look missing(capture_error why)
{
    named_look look = made::look(nanoseconds{}, {}, position::unknown);
    look.missing = why;
    return look;
}

/// What was seen of a loop.
struct seen_loop {
    std::vector<named_look> first;     // at its threads, at the deadline
    std::vector<named_look> latest{};  // at the end of the watch
    std::vector<frame> beat_path{};
    bool was_left{false};
    bool on_strand{false};
    std::vector<named_look> others{};
    bool all_threads{false};
    bool by_list{false};
    strand_hold hold{strand_hold::untold};
};

finding examine(seen_loop const& seen)
{
    named_block block;
    for (named_look const& look : seen.first) block.threads.push_back(made::thread({look}));
    for (named_look const& look : seen.others) block.others.push_back(made::thread({look}));
    for (named_look const& look : seen.latest) block.latest.push_back(look);
    block.beat_path = seen.beat_path;
    block.all_threads = seen.all_threads;
    block.knows_runners = seen.by_list;
    block.hold = seen.hold;
    return examine(block, seen.on_strand, seen.was_left);
}

}  // namespace

TEST_CASE("a thread's position is read from its stack", "[classify]")
{
    CHECK(position_of(in_handler, true) == position::handler);
    CHECK(position_of(in_handler, false) == position::handler);
    CHECK(position_of(in_wait, true) == position::parked);
    CHECK(position_of(in_main, true) == position::outside);
    CHECK(position_of(in_main, false) == position::unknown);
    CHECK(position_of({}, true) == position::unknown);

    auto boost = in_handler;
    boost[1].function = "boost::asio::detail::completion_handler<user::h>::do_complete(void*)";
    CHECK(position_of(boost, true) == position::handler);
    boost[1].function = "loopwatch::v1_2_3::detail::untracked_beat<loopwatch::v1_2_3::asio_names>::do_complete(void*)";
    CHECK(position_of(boost, true) == position::handler);

    SECTION("a function of the user's own called do_complete is none of Asio's")
    {
        CHECK(position_of(stack_of({"user::do_complete(int)", "main"}), true) == position::outside);
    }
    SECTION("without names nothing can be said, except of the system's libraries")
    {
        auto stripped = in_main;
        stripped[1].function.clear();
        CHECK(position_of(stripped, true) == position::unknown);
        stripped[1].module = "/lib/x86_64-linux-gnu/libc.so.6";
        CHECK(position_of(stripped, true) == position::outside);
    }
}

TEST_CASE("a heartbeat that waits is a block only if somebody runs the loop", "[classify]")
{
    std::vector const handler{full(in_handler)};
    std::vector const parked{full(in_wait)};
    std::vector const outside{full(in_main)};
    std::vector const unseen{missing(capture_error::no_answer)};
    std::vector const too_late{missing(capture_error::recovered)};

    CHECK(examine({handler, {}, {}, false, false}).blocked);
    CHECK_FALSE(examine({parked, {}, {}, false, false}).blocked);  // it has the loop to itself: it lacks a CPU
    CHECK(examine({parked, {}, {}, false, true}).blocked);         // the strand is held by another thread
    CHECK(examine({parked, {}, through_strand, false, false}).blocked);
    CHECK_FALSE(examine({outside, {}, {}, false, false}).blocked);
    CHECK(examine({unseen, {}, {}, false, false}).blocked);
    CHECK(examine({unseen, {}, {}, true, false}).blocked);
    CHECK(examine({too_late, {}, {}, false, false}).blocked);
    CHECK_FALSE(examine({too_late, {}, {}, true, false}).blocked);
}

TEST_CASE("threads that wait in the reactor or at the condition variable are idle, whatever the heartbeat says",
          "[classify]")
{
    auto const at_condition =
        stack_of({"pthread_cond_wait", "asio::detail::posix_event::wait(asio::detail::scoped_lock&)",
                  "asio::detail::scheduler::do_run_one()", "asio::io_context::run()", "main"});
    auto const in_ring = stack_of({"io_uring_enter", "asio::detail::io_uring_service::run(long)",
                                   "asio::detail::scheduler::do_run_one()", "asio::io_context::run()", "main"});
    for (auto const& waiting : {in_wait, at_condition, in_ring}) {
        CHECK(position_of(waiting, true) == position::parked);
        std::vector const alone{full(waiting)};
        std::vector const many{full(waiting), full(in_wait), full(at_condition), full(in_main)};
        std::vector const ended{full(waiting), missing(capture_error::thread_gone)};
        for (auto const& threads : {alone, many, ended}) {
            CHECK_FALSE(examine({threads, {}, {}, false, false}).blocked);
            CHECK_FALSE(examine({threads, {}, in_handler, false, false}).blocked);
            CHECK_FALSE(examine({threads, alone, {}, true, false}).blocked);
            CHECK_FALSE(examine({threads, alone, {}, false, false}).left_since);
        }
    }
    SECTION("but what waits inside a handler is not")
    {
        auto nested = in_wait;
        nested.insert(nested.end(), in_handler.begin(), in_handler.end());
        CHECK(position_of(nested, true) == position::handler);
        CHECK(examine({std::vector{full(nested)}, {}, {}, false, false}).blocked);
    }
}

TEST_CASE("of several threads the one in a handler is shown", "[classify]")
{
    std::vector const stacks{full(in_wait), missing(capture_error::no_answer), full(in_handler), full(in_main)};
    auto const found = examine({stacks, {}, {}, false, false});
    CHECK(found.blocked);
    CHECK(found.shown == 2);

    std::vector const without{full(in_wait), missing(capture_error::no_answer)};
    CHECK(examine({without, {}, {}, false, false}).shown == 1);
    CHECK(examine({without, {}, {}, false, false}).blocked);  // it may have been in a handler
}

TEST_CASE("of several threads in handlers the one that stayed in its handler is shown", "[classify]")
{
    named_look const works = full(in_handler);
    named_look const waits = full(in_wait);
    named_look const has_left = full(in_main);
    auto const shown_of = [](std::initializer_list<named_thread> threads) {
        named_block const block = made::block(threads);
        return examine(block, false, false).shown;
    };
    CHECK(shown_of({made::thread({works, works}), made::thread({works, works})}) == 0);
    CHECK(shown_of({made::thread({works, waits}), made::thread({works, works})}) == 1);
    CHECK(shown_of({made::thread({works, works, has_left}), made::thread({works, works, works})}) == 1);
    SECTION("also one of which there is no stack of the deadline")
    {
        named_look const missed = missing(capture_error::recovered);
        CHECK(shown_of({made::thread({works, works, has_left}), made::thread({missed, works, works})}) == 0);
        CHECK(shown_of({made::thread({works, has_left, has_left}), made::thread({missed, works, works})}) == 1);
    }
    SECTION("and of those the one that was in the same one all the time")
    {
        auto const in = [&](char const* handler) {
            named_look look = works;
            look.handler = {.known = true, .between = false, .function = handler, .caller = {}, .memory = 0};
            return look;
        };
        named_thread const many_short = made::thread({in("a"), in("b"), in("c")});
        named_thread const stays = made::thread({in("d"), in("d"), in("d")});
        named_thread const two = made::thread({in("e"), in("e"), in("f")});
        CHECK(shown_of({many_short, two, stays}) == 2);
        CHECK(shown_of({stays, many_short}) == 0);
        CHECK(shown_of({many_short, two}) == 1);
        CHECK(shown_of({many_short, made::thread({in("d"), in("d"), has_left})}) == 0);
    }
    SECTION("not one that was in none at the deadline")
    {
        CHECK(shown_of({made::thread({waits, works, works}), made::thread({works, waits, waits})}) == 1);
    }
}

TEST_CASE("a strand that its own threads do not hold is held by the one other thread that can, or by none",
          "[classify]")
{
    auto const in_strand =
        stack_of({"user::work()", "asio::detail::strand_executor_service::invoker<asio::any_io_executor>::operator()()",
                  "asio::detail::executor_op<int>::do_complete(void*)", "asio::detail::scheduler::run()", "main"});
    std::vector const parked{full(in_wait), full(in_wait)};
    std::vector const nobody{full(in_main), full(in_wait), full(in_handler), missing(capture_error::thread_gone)};
    std::vector const one{full(in_main), full(in_strand), full(in_handler)};
    std::vector const two{full(in_strand), full(in_strand)};
    std::vector const unseen{full(in_strand), missing(capture_error::no_answer)};
    auto const look = [&](std::vector<named_look> const& others, bool all) {
        return examine({.first = parked, .on_strand = true, .others = others, .all_threads = all});
    };
    CHECK_FALSE(look({}, true).blocked);
    CHECK_FALSE(look(nobody, true).blocked);
    CHECK(look(nobody, false).blocked);
    CHECK(look(nobody, false).shown == 0);
    CHECK(look(one, true).blocked);
    CHECK(look(one, true).shown == 3);
    for (auto const& open : {look(one, false), look(two, true), look(unseen, true)}) {
        CHECK(open.blocked);
        CHECK(open.shown == 0);
    }
    SECTION("its own threads come first")
    {
        std::vector const held{full(in_wait), full(in_handler)};
        CHECK(examine({.first = held, .on_strand = true, .others = one, .all_threads = true}).shown == 1);
    }
    SECTION("its own threads may be in another's handler: one alone, and where all are seen, is believed")
    {
        std::vector const held{full(in_wait), full(in_handler), full(in_strand)};
        std::vector const open{full(in_strand), full(in_wait), full(in_strand)};
        std::vector const in_part{full(in_strand), missing(capture_error::no_answer)};
        std::vector const full_up{full(in_handler), full(in_handler)};
        std::vector const one_is_free{full(in_wait), full(in_handler)};
        auto const own = [&](std::vector<named_look> const& first, bool all) {
            return examine({.first = first, .on_strand = true, .all_threads = all, .by_list = true});
        };
        CHECK(own(held, true).shown == 2);
        CHECK_FALSE(own(held, true).untold);
        CHECK(own(full_up, true).blocked);
        CHECK_FALSE(own(full_up, true).untold);
        for (auto const& each : {own(held, false), own(open, true), own(in_part, true), own(one_is_free, true)}) {
            CHECK(each.blocked);
            CHECK(each.untold);
        }
    }
    SECTION("of a loop that is no strand the others say nothing")
    {
        CHECK_FALSE(examine({.first = parked, .others = one, .all_threads = true}).blocked);
    }
}

TEST_CASE("a strand of which it is known who holds it", "[classify]")
{
    auto const look = [](std::vector<named_look> const& first, strand_hold hold) {
        return examine(
            {.first = first, .was_left = true, .on_strand = true, .all_threads = true, .by_list = true, .hold = hold});
    };
    SECTION("is blocked by that thread, whatever of it was seen")
    {
        for (auto const& one : {full(in_handler), full(in_wait), missing(capture_error::recovered)}) {
            auto const found = look({one}, strand_hold::by_one);
            CHECK(found.blocked);
            CHECK(found.on_strand);
            CHECK(found.shown == 0);
        }
    }
    SECTION("and if that is nobody, by the context, if none of its threads is free")
    {
        CHECK(look({full(in_handler), full(in_handler)}, strand_hold::by_nobody).blocked);
        CHECK_FALSE(look({full(in_handler), full(in_handler)}, strand_hold::by_nobody).on_strand);
        CHECK_FALSE(look({full(in_handler), full(in_wait)}, strand_hold::by_nobody).blocked);
        CHECK_FALSE(look({full(in_wait)}, strand_hold::by_nobody).blocked);
    }
}

TEST_CASE("a loop that is not Asio's is judged by the way its heartbeat came", "[classify]")
{
    std::vector const own{full(in_own_loop)};
    CHECK_FALSE(examine({own, {}, {}, false, false}).blocked);
    CHECK_FALSE(examine({own, {}, in_handler, false, false}).blocked);
    CHECK(examine({own, {}, in_own_loop, false, false}).blocked);
}

TEST_CASE("a loop that was left before the watch ended is not blocked up to its end", "[classify]")
{
    std::vector const handler{full(in_handler)};
    std::vector const outside{full(in_main)};
    CHECK_FALSE(examine({handler, handler, {}, false, false}).left_since);
    CHECK(examine({handler, outside, {}, false, false}).left_since);
    CHECK_FALSE(examine({handler, {}, {}, false, false}).left_since);

    SECTION("nor ever, if it was in no handler before")
    {
        std::vector const parked{full(in_wait)};
        std::vector const gone{missing(capture_error::thread_gone)};
        CHECK_FALSE(examine({parked, outside, {}, false, true}).blocked);
        CHECK_FALSE(examine({parked, gone, {}, false, true}).blocked);
        CHECK_FALSE(examine({gone, gone, {}, false, false}).blocked);
        CHECK(examine({handler, gone, {}, false, false}).blocked);
        CHECK(examine({parked, parked, {}, false, true}).blocked);
    }
}

TEST_CASE(
    "with no stack a loop that is left and entered again is believed to be left, but not if it was known to be run",
    "[classify]")
{
    named_block block;
    block.threads.push_back(made::thread({missing(capture_error::recovered)}));
    block.how = ending::stopped;
    CHECK_FALSE(examine(block, false, true).blocked);
    block.knows_runners = true;
    CHECK(examine(block, false, true).blocked);
    block.how = ending::beat;
    CHECK_FALSE(examine(block, false, true).blocked);
}
