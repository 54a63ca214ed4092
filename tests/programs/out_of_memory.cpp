// SPDX-License-Identifier: BSL-1.0

// Where the library's threads get no memory, or throw whatever else, the program goes on, and what can't be told is
// counted.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include <pthread.h>

namespace {

/// How many allocations of the library's threads succeed before all others fail.
std::atomic<long> left{0};
std::atomic<bool> tight{false};
std::atomic<unsigned> refused{0};

bool is_of_the_library()
{
    static thread_local int const answer = [] {
        char name[16] = {};
        ::pthread_getname_np(::pthread_self(), name, sizeof name);
        return std::strncmp(name, "loopwatch", 9) == 0 ? 1 : 0;
    }();
    return answer == 1;
}

}  // namespace

void* operator new(std::size_t size)
{
    if (tight && is_of_the_library() && left.fetch_sub(1) <= 0) {
        ++refused;
        throw std::bad_alloc{};
    }
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

int main()
{
    using loopwatch::no_loop_blocking;
    net::io_context ctx;
    unsigned ran_out = 0;
    unsigned counted = 0;
    auto const block_with = [&](long allocations) {
        std::size_t heard = 0;
        no_loop_blocking guard{ctx,
                               {.threshold = 5ms, .heartbeat_interval = 1ms, .action = loopwatch::on_block::log},
                               [&](loopwatch::block_report const&) { ++heard; }};
        left = allocations;
        refused = 0;
        tight = true;
        post(ctx, [] { sleep_through(50ms); });
        ctx.restart();
        ctx.run();
        guard.finish();
        tight = false;
        expect(heard + guard.excused().size() + guard.dropped() >= 1, "a block is told of, or counted");
        if (refused > 0) ++ran_out;
        if (guard.dropped() > 0) ++counted;
    };
    for (long allocations = 0; allocations < 50; ++allocations) block_with(allocations);
    for (long allocations = 50; allocations < 20'000; allocations += allocations / 2) block_with(allocations);
    expect(ran_out > 50 && counted > 0, "memory ran out at many a place");

    no_loop_blocking const guard{
        ctx, {.threshold = 5ms, .action = loopwatch::on_block::log}, [](loopwatch::block_report const&) {}};
    post(ctx, [] { sleep_through(100ms); });
    ctx.restart();
    ctx.run();
    expect(guard.blocks().size() == 1 && guard.dropped() == 0, "with memory, reports are as ever");
    expect(culprit_is(guard.blocks()[0], "sleep_through"), "and have their names");
}
