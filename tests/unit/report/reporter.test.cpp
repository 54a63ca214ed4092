// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/report/reporter.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;

namespace {

/// As of a loop that so many threads run, looked at so often.
owned<raw_block> handed_over(std::size_t threads, std::size_t samples, ending how = ending::beat)
{
    auto block = make_owned<raw_block>();
    block->how = how;
    block->first.resize(threads);
    block->later.resize(samples);
    for (moment& each : block->later) each.resize(threads);
    return block;
}

shared<watched> watched_by_nobody() { return shared<watched>{new watched{watch_settings{}}}; }

/// How many blocks are queued before the first one is lost. The reporter does not run.
std::size_t room_for(std::size_t threads, std::size_t samples)
{
    reporter to;
    auto const w = watched_by_nobody();
    std::size_t count = 0;
    for (;; ++count) {
        to.hand_over(w, handed_over(threads, samples));
        if (to.dropped(*w) > 0) return count;
    }
}

}  // namespace

TEST_CASE("blocks wait in a bounded amount of memory, whatever is known of each", "[portable]")
{
    std::size_t const small = handed_over(1, 0)->bytes();
    std::size_t const large = handed_over(8, 10)->bytes();
    CHECK(small > sizeof(raw_block));
    CHECK(large > 20 * small);
    CHECK(room_for(1, 0) == reporter::most_waiting / small);
    CHECK(room_for(8, 10) == reporter::most_waiting / large);
}

TEST_CASE("a report of a block that lasts is not missed where the queue is full", "[portable]")
{
    reporter to;
    auto const w = watched_by_nobody();
    while (to.dropped(*w) == 0) to.hand_over(w, handed_over(8, 10));
    to.hand_over(w, handed_over(8, 10, ending::none));
    CHECK(to.dropped(*w) == 1);
    to.hand_over(w, handed_over(8, 10));
    CHECK(to.dropped(*w) == 2);
}

TEST_CASE("blocks of a watch that has ended make room for others'", "[portable]")
{
    reporter to;
    auto const w = watched_by_nobody();
    std::size_t const room = room_for(1, 0);
    for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < room; ++i) to.hand_over(w, handed_over(1, 0));
        CHECK(w->log.pending == room);
        CHECK(to.dropped(*w) == room * static_cast<std::size_t>(round));
        to.forget_waiting(*w);
        CHECK(w->log.pending == 0);
    }
}

TEST_CASE("a block whose end is lost shares its number with no other")
{
    using namespace std::chrono_literals;
    std::vector<std::uint64_t> numbers;
    watch_settings how;
    how.raise_on = cause_set::all();
    how.to = [&](block_report const& report) { numbers.push_back(report.number); };
    shared<watched> const w{new watched{std::move(how)}};
    auto const report = [&](nanoseconds sent_at, ending how_it_ended) {
        auto block = handed_over(1, 0, how_it_ended);
        block->sent_at = time_point{sent_at};
        block->length = {50ms, 60ms};
        block->lives.resize(1);
        return block;
    };
    static reporter& to = *new reporter;  // its thread ends with the process
    std::thread{[] { to.run(); }}.detach();
    to.hand_over(w, report(1s, ending::none));
    to.hand_over(w, report(1s, ending::none));
    to.hand_over(w, report(5s, ending::beat));
    to.hand_over(w, report(9s, ending::none));
    to.hand_over(w, report(9s, ending::beat));
    to.flush(*w);
    CHECK(numbers == std::vector<std::uint64_t>{1, 1, 2, 3, 3});
}
