// SPDX-License-Identifier: BSL-1.0

// No heartbeat allocates or frees on the loop: a loop that runs nothing but heartbeats does neither.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <cstdlib>
#include <new>

namespace {
thread_local bool counting = false;
thread_local int count = 0;
}  // namespace

void* operator new(std::size_t size)
{
    count += counting ? 1 : 0;
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept
{
    count += counting ? 1 : 0;
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

int main()
{
    net::io_context ctx;
    auto const work = make_work_guard(ctx);
    loopwatch::no_loop_blocking guard{ctx, {.threshold = 1s, .heartbeat_interval = 4ms}};
    ctx.run_for(50ms);  // what Asio keeps for the thread is there from now on
    auto const idle = [&] {
        counting = true;
        count = 0;
        auto const handlers = ctx.run_for(200ms);
        counting = false;
        return handlers;
    };
    expect(idle() > 20, "heartbeats ran");
    expect(count == 0, "and none of them allocated or freed");
    guard.finish();
}
