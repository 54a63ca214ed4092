// SPDX-License-Identifier: BSL-1.0

// A program that has its C library in itself: what is shown of that is not the user's code.
#include "programs/expect.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include <poll.h>
#include <time.h>

namespace {

[[gnu::noinline]] void load_config() { std::this_thread::sleep_for(60ms); }

[[gnu::noinline]] void ask_server() { ::poll(nullptr, 0, 60); }

/// In functions of the C library that it keeps to itself.
[[gnu::noinline]] void sort_rows()
{
    std::vector<int> rows(50'000);
    auto const now = [] {
        timespec at{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
        return std::chrono::seconds{at.tv_sec} + nanoseconds{at.tv_nsec};
    };
    auto const until = now() + 60ms;
    while (now() < until) {
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int>(i * 7919 % rows.size());
        std::qsort(rows.data(), rows.size(), sizeof rows[0], [](void const* a, void const* b) {
            return *static_cast<int const*>(a) - *static_cast<int const*>(b);
        });
    }
}

[[gnu::noinline]] void count_visit()
{
    std::timed_mutex visits;
    visits.lock();
    static_cast<void>(visits.try_lock_for(60ms));
    visits.unlock();
}

void is_named(char const* name, void (*blocks)(), char const* evidence)
{
    net::io_context ctx;
    std::vector<loopwatch::block_report> all;
    auto const keep = [&](loopwatch::block_report const& r) {
        std::fputs(to_string(r).c_str(), stdout);
        all.push_back(r);
    };
    loopwatch::no_loop_blocking guard{ctx, {.threshold = 20ms, .action = loopwatch::on_block::log}, keep};
    post(ctx, blocks);
    ctx.run();
    guard.finish();
    expect(all.size() == 1, "it is one block");
    expect(culprit_is(all.front(), name), name);
    expect(all.front().evidence.find(evidence) != std::string::npos, evidence);
}

}  // namespace

int main()
{
    is_named("load_config", load_config, "clock_nanosleep(60 ms)");
    is_named("ask_server", ask_server, "poll(60 ms)");
    is_named("_rows", sort_rows, "on CPU");
    is_named("count_visit", count_visit, "a mutex that it holds");
}
