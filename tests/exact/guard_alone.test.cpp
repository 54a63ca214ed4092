// SPDX-License-Identifier: BSL-1.0

// A program all of whose files include no more than the guard: its loops are exact, too.
#include "support/catch.hpp"

#include <asio.hpp>

#include <loopwatch/no_loop_blocking.hpp>

#include <chrono>
#include <thread>

using namespace std::chrono_literals;

TEST_CASE("a guard is exact without other headers of loopwatch")
{
    asio::io_context ctx;
    loopwatch::no_loop_blocking guard{ctx, {.threshold = 20ms, .action = loopwatch::on_block::log}};
    for (int i = 0; i < 2; ++i) post(ctx, [] { std::this_thread::sleep_for(60ms); });
    ctx.run();
    auto const blocks = guard.blocks();
    REQUIRE(!blocks.empty());
    CHECK(blocks[0].handler.operation == "post");
}
