// SPDX-License-Identifier: BSL-1.0

// Handlers of a library without names, in a folder of the system: whether a thread is in one can't rest on names.
#include "stripped/library.hpp"
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <string>
#include <thread>
#include <vector>

using loopwatch::block_report;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;

namespace {

constexpr auto threshold = 20ms;
constexpr int milliseconds = 80;

void on_tick() { sleep_through(std::chrono::milliseconds{milliseconds}); }

/// What is seen while a thread runs the loop for so many blocks of it.
std::vector<block_report> blocks_of(net::io_context& ctx, void (*run)(net::io_context&),
                                    void (*post_one)(net::io_context&))
{
    std::vector<block_report> blocks;
    no_loop_blocking guard{
        ctx, {.threshold = threshold, .action = on_block::log}, [&](block_report const& b) { blocks.push_back(b); }};
    {
        auto const work = make_work_guard(ctx);
        std::thread runner{[&] { run(ctx); }};
        for (int i = 0; i < 3; ++i) {
            sleep_through(threshold * 2);  // heartbeats come and go
            post_one(ctx);
            sleep_through(std::chrono::milliseconds{milliseconds} + threshold);
        }
        ctx.stop();
        runner.join();
    }
    guard.finish();
    return blocks;
}

void run_here(net::io_context& ctx) { ctx.run(); }

}  // namespace

TEST_CASE("a callback that a stripped library's handler calls is found")
{
    auto* const run = GENERATE(&run_here, &stripped_run);
    net::io_context ctx;
    auto const blocks = blocks_of(ctx, run, [](net::io_context& in) { stripped_call_soon(in, &on_tick); });
    REQUIRE(blocks.size() == 3);
    for (block_report const& b : blocks) {
        INFO(to_string(b));
        CHECK(culprit_is(b, "sleep_through"));
        CHECK(stack_names(b, "on_tick"));
    }
}

TEST_CASE("where a stripped library's own code blocks, its outermost function in the handler is to blame")
{
    auto* const run = GENERATE(&run_here, &stripped_run);
    net::io_context ctx;
    auto const blocks = blocks_of(ctx, run, [](net::io_context& in) { stripped_sleep_soon(in, milliseconds); });
    REQUIRE(blocks.size() == 3);
    for (block_report const& b : blocks) {
        INFO(to_string(b));
        REQUIRE(b.culprit() != nullptr);
        CHECK_THAT(b.culprit()->module, contains("libstripped.so"));
        CHECK(b.culprit()->function.empty());
        CHECK_THAT(to_string(b), contains("culprit  libstripped.so+0x"));
        CHECK(stack_names(b, "stripped_sleep"));  // it is exported
        CHECK_FALSE(culprit_is(b, "stripped_sleep"));
    }
}

TEST_CASE("a loop in a stripped library that waits for work is not blocked")
{
    net::io_context ctx;
    auto const blocks = blocks_of(ctx, &stripped_run, [](net::io_context& in) { stripped_sleep_soon(in, 1); });
    CHECK(blocks.empty());
}
