// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/watch/idle/beside_handlers.hpp>

#include <cstdint>
#include <set>
#include <vector>

using loopwatch::detail::beside_handlers;

namespace {

using stack = std::vector<std::uintptr_t>;

// Code in which every function is 0x100 long, and modules are 0x10000 long: an address says all about itself.
struct made_up_code {
    std::set<std::uintptr_t> through_pointers{};
    std::set<std::uintptr_t> unknown{};

    std::uintptr_t function_start(std::uintptr_t a) const
    {
        return unknown.contains(a) ? 0 : a & ~std::uintptr_t{0xff};
    }
    bool is_direct_call(std::uintptr_t a) const { return !through_pointers.contains(a); }
    std::uintptr_t module_of(std::uintptr_t a) const { return a & ~std::uintptr_t{0xffff}; }
};

// Addresses that calls return to: <function><call>.
constexpr std::uintptr_t main_runs = 0x10110, main_polls = 0x10120, main_waits = 0x10130;
constexpr std::uintptr_t run = 0x10210, poll = 0x10310;
constexpr std::uintptr_t turn_reactor = 0x10410, turn_condition = 0x10420, turn_handler = 0x10430;
constexpr std::uintptr_t poll_turn_handler = 0x10510;
constexpr std::uintptr_t reactor = 0x10610, event = 0x10710;
constexpr std::uintptr_t beat_op = 0x10810, beat = 0x10910;
constexpr std::uintptr_t other_op = 0x10a10, other = 0x10b10;
constexpr std::uintptr_t epoll = 0x70110, futex = 0x70210, cond_wait = 0x70310;
constexpr std::uintptr_t interceptor = 0x80110;

// The scheduler calls the reactor and handlers through pointers, and nothing else does.
made_up_code const asio{{turn_reactor, turn_handler, poll_turn_handler}};

stack const by_run{beat, beat_op, turn_handler, run, main_runs};
stack const by_poll{beat, beat_op, poll_turn_handler, poll, main_polls};

}  // namespace

TEST_CASE("a thread that waits where its scheduler waits is in no handler", "[idle]")
{
    CHECK(beside_handlers(stack{epoll, reactor, turn_reactor, run, main_runs}, by_run, asio));
    CHECK(beside_handlers(stack{futex, cond_wait, event, turn_condition, run, main_runs}, by_run, asio));

    SECTION("also where all is inlined into main()")
    {
        CHECK(beside_handlers(stack{epoll, reactor, main_waits}, stack{beat, main_runs}, asio));
    }
    SECTION("also behind an interceptor, that calls the system's library through a pointer")
    {
        made_up_code intercepted = asio;
        intercepted.through_pointers.insert({reactor, interceptor});
        intercepted.through_pointers.erase(reactor);
        CHECK(beside_handlers(stack{epoll, interceptor, reactor, turn_reactor, run, main_runs}, by_run, intercepted));
    }
    SECTION("also in a run() inside a handler: there it takes heartbeats")
    {
        stack const nested{epoll, reactor, turn_reactor, run, other, other_op, turn_handler, run, main_runs};
        stack const nested_beat{beat, beat_op, turn_handler, run, other, other_op, turn_handler, run, main_runs};
        // The same addresses stand twice on both: the inner ones are compared, and those are shared.
        CHECK(beside_handlers(nested, nested_beat, asio));
    }
}

TEST_CASE("a thread that waits in a handler is told from one that waits for work", "[idle]")
{
    stack const in_handler{epoll, other, other_op, turn_handler, run, main_runs};
    CHECK_FALSE(beside_handlers(in_handler, by_run, asio));

    SECTION("in a loop of its own")
    {
        CHECK_FALSE(beside_handlers(
            stack{epoll, reactor, turn_reactor, run, other, other_op, turn_handler, run, main_runs}, by_run, asio));
    }
    SECTION("in a handler of the very kind that the heartbeat is")
    {
        CHECK_FALSE(beside_handlers(stack{epoll, other, beat_op, turn_handler, run, main_runs}, by_run, asio));
    }
    SECTION("called by a second run() of the same function")
    {
        stack const second{epoll, other, other_op, turn_handler, run, main_polls};
        CHECK_FALSE(beside_handlers(second, by_run, asio));
        // Also where the compiler knew from a profile which handler it would be, and calls it directly.
        CHECK_FALSE(beside_handlers(second, by_run, made_up_code{}));
    }
    SECTION("called by run(), where the heartbeat came by poll()")
    {
        CHECK_FALSE(beside_handlers(in_handler, by_poll, asio));
        SECTION("in a program in one piece, without a module for the system's library")
        {
            constexpr std::uintptr_t own_epoll = 0x10f10;
            CHECK_FALSE(
                beside_handlers(stack{own_epoll, other, other_op, turn_handler, run, main_runs}, by_poll, asio));
        }
        SECTION("where the scheduler is in a library of its own, and the handler in another")
        {
            constexpr std::uintptr_t library_turn = 0x30430, library_run = 0x30210, plugin_op = 0x20a10;
            CHECK_FALSE(beside_handlers(stack{epoll, other, plugin_op, library_turn, library_run, main_runs},
                                        stack{beat, beat_op, 0x30510, 0x30310, main_polls},
                                        made_up_code{{library_turn, 0x30510}}));
        }
    }
}

TEST_CASE("what does not fit together proves nothing", "[idle]")
{
    stack const waits{epoll, reactor, turn_reactor, run, main_runs};
    CHECK_FALSE(beside_handlers(stack{}, by_run, asio));
    CHECK_FALSE(beside_handlers(waits, stack{}, asio));
    CHECK_FALSE(beside_handlers(waits, waits, asio));
    CHECK_FALSE(beside_handlers(stack{run, main_runs}, by_run, asio));  // a part of the other
    CHECK_FALSE(beside_handlers(waits, stack{run, main_runs}, asio));
    CHECK_FALSE(beside_handlers(stack{epoll, 0x20110}, by_run, asio));  // another thread's
    CHECK_FALSE(beside_handlers(waits, by_run, made_up_code{{}, {turn_reactor, turn_handler}}));
    CHECK_FALSE(beside_handlers(stack{turn_reactor, run, main_runs}, by_run, asio));  // in the turn itself
}
