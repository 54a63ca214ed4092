// SPDX-License-Identifier: BSL-1.0

// A guard on a small stack, a fiber's for example: what its beginning and its end need of it is bounded, also if there
// was a block.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <span>

#include <sched.h>
#include <sys/mman.h>
#include <ucontext.h>

#if LOOPWATCH_HAS_TSAN() || defined(__SANITIZE_ADDRESS__)
// What these add to each frame is not ours, and the thread sanitizer must be told of fibers.
int main() {}
#else

namespace {

using loopwatch::no_loop_blocking;
using loopwatch::on_block;

constexpr std::size_t page = 4096;

ucontext_t mains;
ucontext_t fibers;
net::io_context ctx;
std::size_t blocks = 0;
bool done = false;
bool measuring = false;

/// The stack of the fiber, with an unmapped page below.
std::span<std::byte> stack;

void ignore(loopwatch::block_report const&) { ++blocks; }

/// Calls `f`, and says how much of the stack below here was used for it.
template <typename F>
[[gnu::noinline]] std::size_t depth_of(F f)
{
    if (!measuring) {
        f();
        return 0;
    }
    constexpr std::byte paint{0xa5};
    auto* const here = static_cast<std::byte*>(__builtin_frame_address(0));
    constexpr std::size_t own_frame = 512;
    std::span const below{stack.data(), here - own_frame};
    for (std::byte volatile& each : below) each = paint;
    f();
    auto const used = std::ranges::find_if(below, [&](std::byte each) { return each != paint; });
    return static_cast<std::size_t>(here - &*used);
}

void check(std::size_t depth, char const* what)
{
    constexpr std::size_t most = 8192;
    if (depth > 0) std::fprintf(stderr, "%s: %zu bytes\n", what, depth);
    expect(depth <= most, what);
}

void yield() { ::swapcontext(&fibers, &mains); }

void watch_twice()
{
    for (int i = 0; i < 2; ++i) {
        std::optional<no_loop_blocking> guard;
        check(depth_of(
                  [&] { guard.emplace(ctx, loopwatch::options{.threshold = 10ms, .action = on_block::log}, &ignore); }),
              i == 0 ? "the beginning of the first guard" : "the beginning of a guard");
        // The loop blocks meanwhile. Right after it, before the watchdog can have told of it.
        check(depth_of([&] {
                  yield();
                  if (i == 0) static_cast<void>(guard->blocks().size());
                  if (i == 1) guard->finish();
              }),
              i == 0 ? "asking for blocks" : "the end of a guard with a block");
        check(depth_of([&] { guard->finish(); }), "the end of a guard");
        guard.reset();
    }
    done = true;
    yield();
}

void run_on_fiber(std::size_t size)
{
    void* const all = ::mmap(nullptr, size + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(all != MAP_FAILED, "there is memory");
    stack = {static_cast<std::byte*>(all) + page, size};
    expect(::mprotect(stack.data(), size, PROT_READ | PROT_WRITE) == 0, "a stack can be made");
    ::getcontext(&fibers);
    fibers.uc_stack.ss_sp = stack.data();
    fibers.uc_stack.ss_size = size;
    fibers.uc_link = &mains;
    ::makecontext(&fibers, &watch_twice, 0);
    done = false;
    ::swapcontext(&mains, &fibers);
    while (!done) {
        post(ctx, [] { sleep_through(30ms); });
        ctx.restart();
        ctx.run();
        ::swapcontext(&mains, &fibers);
    }
    ::munmap(all, size + page);
}

}  // namespace

int main()
{
    // Where that is allowed, the guard ends before the watchdog is given a CPU.
    sched_param const first{.sched_priority = 1};
    ::sched_setscheduler(0, SCHED_FIFO, &first);
    measuring = true;
    run_on_fiber(32 * page);
    measuring = false;
    run_on_fiber(4 * page);
    expect(blocks == 4, "every block is reported");
}

#endif
