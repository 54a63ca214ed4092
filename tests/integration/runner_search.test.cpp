// SPDX-License-Identifier: BSL-1.0

// Who runs a loop, as one search of all threads tells for many loops. Its clock is the test's.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/running_loop.hpp"
#include "support/stall.hpp"

#include <loopwatch/impl/loop/runners.hpp>

#include <memory>

namespace runner_search_test {

#if LOOPWATCH_HAS_UNWINDER()

using namespace loopwatch::detail;

namespace {

constexpr auto longest = 50ms;                                                 // for which a search is believed
nanoseconds fresh_for(loop_runners const& of) { return 50us * of.looked_at; }  // if it took less time

scheduler_identity identity_of(net::io_context& ctx) { return make_loop(ctx).released()->scheduler(); }

thread_number runner_of(running_loop& loop)
{
    thread_number number{};
    loop.in_loop([&] { number = this_thread_number(); });
    return number;
}

}  // namespace

TEST_CASE("a search of all threads is believed for a time, and says of when it is")
{
    running_loop other;  // which does not matter
    runner_of(other);
    net::io_context ctx;
    auto const loop = identity_of(ctx);
    auto const search = std::make_unique<runner_search>();
    time_point const began{1h};

    auto const first = search->lately(loop, {}, began);
    CHECK(first.size == 0);
    CHECK(first.as_of == began);
    REQUIRE(first.looked_at >= 2);
    REQUIRE(fresh_for(first) + 1ns < longest);

    auto const work = make_work_guard(ctx);
    std::promise<thread_number> entered;
    std::thread runs{[&] { ctx.run(); }};
    post(ctx, [&] { entered.set_value(this_thread_number()); });
    thread_number const runner = entered.get_future().get();

    SECTION("in which nobody is found who came meanwhile")
    {
        auto const again = search->lately(loop, {}, began + fresh_for(first));
        CHECK(again.size == 0);
        CHECK(again.as_of == began);
    }
    SECTION("but for those who are known, and looked at each time")
    {
        loop_thread const known{.number = runner};
        auto const again = search->lately(loop, {&known, 1}, began + fresh_for(first));
        CHECK(again.contain(runner));
        CHECK(again.as_of == began);
    }
    SECTION("and after which all are searched anew")
    {
        auto const when = GENERATE(1, -1) * (fresh_for(first) + 1ns);  // also for an earlier moment
        auto const again = search->lately(loop, {}, began + when);
        CHECK(again.contain(runner));
        CHECK(again.as_of == began + when);
    }
    ctx.stop();
    runs.join();
}

TEST_CASE("who was found by a search and runs the loop no more is not believed to, and others are searched for")
{
    running_loop loop;
    thread_number const runner = runner_of(loop);
    auto const its = identity_of(loop.ctx);
    auto const search = std::make_unique<runner_search>();
    time_point const began{1h};
    auto const first = search->lately(its, {}, began);
    CHECK(first.contain(runner));
    CHECK(first.as_of == began);

    auto const same = search->lately(its, {}, began + 1us);
    CHECK(same.contain(runner));
    CHECK(same.as_of == began);

    loop.finish();
    auto const later = search->lately(its, {}, began + 2us);
    CHECK(later.size == 0);
    CHECK(later.as_of == began + 2us);
}

#endif

}  // namespace runner_search_test
