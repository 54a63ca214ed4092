// SPDX-License-Identifier: BSL-1.0

// One chain of small functions, each of a kind that compilers inline. Compiled at several optimizations, CHAIN names
// the function; every call stands on a line of its own, and something follows it, because a tail call leaves no frame.
#include "chain.hpp"

#include "support/net.hpp"
#include "support/stall.hpp"

#include <memory>

#include <time.h>

namespace {

struct request {
    int bytes;
    int worked{0};

    int handle();
};

// Where it blocks, for a fifth of a second of the thread's own time. Never inlined, so that it has a frame in any
// build.
[[gnu::noinline]] int burns(int bytes)
{
    int volatile rounds = bytes;
    timespec at{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    auto const end = at.tv_sec * 1000 + at.tv_nsec / 1'000'000 + 200;
    while (at.tv_sec * 1000 + at.tv_nsec / 1'000'000 < end) {
        for (int i = 0; i < 100'000; ++i) rounds = rounds + 1;
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    }
    return rounds;
}

int parses(int bytes)
{
    int const n = burns(bytes);
    return n + 1;
}

template <typename T>
int converts(T value)
{
    int const n = parses(static_cast<int>(value));
    return n + 2;
}

int request::handle()
{
    worked = converts(static_cast<long>(bytes));
    return worked + 3;
}

}  // namespace

namespace shared_header {

static inline int dispatches(int bytes)
{
    request r{bytes};
    int const n = r.handle();
    return n + 4;
}

template <typename F>
inline int applies(F f)
{
    int const n = f(40);
    return n + 5;
}

}  // namespace shared_header

namespace {

net::awaitable<int> serves(int bytes)
{
    int const n = shared_header::applies([bytes](int more) {
        int const m = shared_header::dispatches(bytes + more);
        return m + 6;
    });
    co_return n;
}

net::awaitable<void> session()
{
    int const n = co_await serves(2);
    if (n == 0) co_return;
}

}  // namespace

loopwatch::block_report CHAIN()
{
    net::io_context ctx;
    auto report = std::make_unique<loopwatch::block_report>();
    {
        loopwatch::no_loop_blocking guard{ctx,
                                          {.threshold = 20ms, .action = loopwatch::on_block::log},
                                          [&](loopwatch::block_report const& r) { *report = r; }};
        net::co_spawn(ctx, session(), net::detached);
        ctx.run();
    }
    return *report;
}
