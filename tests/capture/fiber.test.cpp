// SPDX-License-Identifier: BSL-1.0

// A block on a fiber: a stack that nobody has told of, with nothing beyond its end, on a thread whose own is known.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <sys/mman.h>
#include <ucontext.h>

using loopwatch::block_report;
using loopwatch::no_loop_blocking;
using loopwatch::on_block;
using loopwatch::stack_quality;

namespace {

ucontext_t loops_context;
ucontext_t fiber_context;
void (*work_of_fiber)() = nullptr;

[[gnu::noinline]] void body_of_fiber()
{
    work_of_fiber();
    ::swapcontext(&fiber_context, &loops_context);
}

/// Runs `work` on a stack with unmapped pages on both sides, and comes back.
[[gnu::noinline]] void run_on_fiber(void (*work)())
{
    constexpr std::size_t page = 4096;
    constexpr std::size_t size = 32 * page;
    void* const all = ::mmap(nullptr, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(all != MAP_FAILED);
    char* const low = static_cast<char*>(all) + page;
    REQUIRE(::mprotect(low, size, PROT_READ | PROT_WRITE) == 0);
    work_of_fiber = work;
    REQUIRE(::getcontext(&fiber_context) == 0);
    fiber_context.uc_stack.ss_sp = low;
    fiber_context.uc_stack.ss_size = size;
    fiber_context.uc_link = &loops_context;
    ::makecontext(&fiber_context, &body_of_fiber, 0);
    REQUIRE(::swapcontext(&loops_context, &fiber_context) == 0);
    ::munmap(all, size + 2 * page);
}

std::vector<block_report> blocks_on_fiber(void (*work)())
{
    net::io_context ctx;
    std::vector<block_report> blocks;
    {
        no_loop_blocking guard{
            ctx, {.threshold = 10ms, .action = on_block::log}, [&](block_report const& b) { blocks.push_back(b); }};
        // Before and after it the same thread blocks on its own stack.
        // Each in a turn of its own: between them the heartbeat gets its chance.
        net::steady_timer timer{ctx};
        auto const next = [&](auto then) {
            timer.expires_after(20ms);
            timer.async_wait([then](auto const&) { then(); });
        };
        next([&] {
            spin_through(40ms);
            next([&] {
                run_on_fiber(work);
                next([] { spin_through(40ms); });
            });
        });
        ctx.run();
    }
    return blocks;
}

void check(std::vector<block_report> const& blocks, char const* culprit)
{
    // A busy machine may keep the thread from its CPU for long enough to be a block, too.
    auto const own = std::ranges::count_if(blocks, [](block_report const& b) {
        return b.stack_quality == stack_quality::exact && culprit_is(b, "spin_through") && stack_names(b, "main");
    });
    auto const on_fiber = std::ranges::count_if(
        blocks, [&](block_report const& b) { return culprit_is(b, culprit) && stack_names(b, "body_of_fiber"); });
    for (block_report const& b : blocks) UNSCOPED_INFO(to_string(b));
    CHECK(own >= 2);
    CHECK(on_fiber == 1);
}

}  // namespace

TEST_CASE("a thread that runs on a fiber", "[capture]")
{
    check(blocks_on_fiber([] { spin_through(40ms); }), "spin_through");
}

TEST_CASE("a thread that sleeps on a fiber", "[capture]")
{
    check(blocks_on_fiber([] { sleep_through(40ms); }), "sleep_through");
}
