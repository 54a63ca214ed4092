// SPDX-License-Identifier: BSL-1.0

// A guard that logs for long takes no more memory after thousands of blocks than after some hundreds, and says of none
// of them that it was dropped.
#include "programs/expect.hpp"
#include "support/live_memory.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

namespace {

using loopwatch::no_loop_blocking;

constexpr long loops = 4;

struct watched_loop {
    net::io_context ctx;
    std::atomic<long>& reported;
    no_loop_blocking guard{ctx,
                           {.threshold = 2ms, .heartbeat_interval = 500us, .action = loopwatch::on_block::log},
                           [this](loopwatch::block_report const& report) { reported += report.ended ? 1 : 0; }};

    explicit watched_loop(std::atomic<long>& counted) : reported{counted} {}
};

}  // namespace

int main()
{
    std::atomic<long> reported{0};
    std::vector<std::unique_ptr<watched_loop>> watched;
    for (long i = 0; i < loops; ++i) watched.push_back(std::make_unique<watched_loop>(reported));

    auto const block_until = [&](long blocks, nanoseconds length = 4ms) {
        std::vector<std::thread> threads;
        for (auto const& each : watched)
            threads.emplace_back([&] {
                while (reported < blocks) {
                    post(each->ctx, [=] { sleep_through(length); });
                    each->ctx.restart();
                    each->ctx.run();
                    static_cast<void>(each->guard.excused());  // waits for the report: else more come than are reported
                }
            });
        for (auto& each : threads) each.join();
        return live.load();
    };

    // Waits that nobody is blamed for, as a busy machine's, are kept beside the blocks.
    auto const kept = [&] {
        long all = 0;
        for (auto const& each : watched)
            all += static_cast<long>(each->guard.blocks().size() + each->guard.excused().size());
        return all;
    };

    // What is named the first time stays, and so does room for as many samples as one block can have.
    block_until(loops, 100ms);
    long const few = block_until(loops * 10);
    long const kept_few = kept();
    long whole = 0;  // what one takes that shares nothing
    {
        long const before = live;
        auto const blocks = watched.front()->guard.blocks();
        whole = (live - before) / static_cast<long>(blocks.size());
    }
    long const full = block_until(loops * 130);
    long const kept_full = kept();
    long const later = block_until(loops * (LOOPWATCH_HAS_TSAN() ? 200 : 500));
    long const kept_later = kept();

    long const one = (full - few) / (kept_full - kept_few);
    std::fprintf(
        stderr,
        "a report takes %ld bytes, whole %ld; %ld when %ld are kept, %ld when %ld are, %ld when %ld are, after %ld\n",
        one, whole, few, kept_few, full, kept_full, later, kept_later, reported.load());
    expect(one < whole / 3, "what reports have in common is kept once");
    expect(later - full < (kept_later - kept_full) * one + loops * 100 * one / 2, "no more are kept than the last");
    for (auto const& each : watched) {
        auto const blocks = each->guard.blocks();
        expect(blocks.size() == 100, "each guard keeps a hundred");
        expect(blocks.back().number == blocks.front().number + 99, "the last ones");
        expect(each->guard.dropped() == 0, "all were heard of");
    }
}
