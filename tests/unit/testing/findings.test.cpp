// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <chrono>
#include <vector>

#include <loopwatch/detail/suite/findings.hpp>
#include <loopwatch/impl/testing/claims.hpp>

using loopwatch::block_report;
using loopwatch::detail::claim;
using loopwatch::detail::is_claimed;
using namespace std::chrono_literals;

namespace {

block_report block(std::chrono::milliseconds at, std::chrono::milliseconds length, std::int64_t thread = 1)
{
    block_report b;
    b.thread_id = thread;
    b.began_at = std::chrono::system_clock::time_point{1h} + at;
    b.duration = length;
    b.duration_max = length + 2ms;
    b.threshold = 10ms;
    return b;
}

bool claimed(block_report const& b, std::initializer_list<block_report> by)
{
    std::vector<claim> claims;
    for (auto const& each : by) claims.push_back(claim::of(each));
    return is_claimed(b, claims);
}

}  // namespace

TEST_CASE("a block is answered for once", "[portable]")
{
    CHECK_FALSE(claimed(block(0ms, 50ms), {}));
    CHECK(claimed(block(0ms, 50ms), {block(0ms, 50ms)}));
    CHECK(claimed(block(0ms, 50ms), {block(2ms, 48ms)}));  // another heartbeat has seen it
    CHECK(claimed(block(0ms, 50ms), {block(0ms, 25ms), block(27ms, 22ms)}));
    CHECK_FALSE(claimed(block(0ms, 50ms), {block(0ms, 25ms)}));     // and then it went on
    CHECK_FALSE(claimed(block(0ms, 50ms), {block(100ms, 50ms)}));   // another one
    CHECK_FALSE(claimed(block(0ms, 50ms), {block(0ms, 50ms, 2)}));  // on another thread
}

TEST_CASE("blocks of several loops are numbered in the order in which they began", "[portable]")
{
    std::vector<block_report> blocks{block(30ms, 50ms), block(0ms, 20ms), block(10ms, 20ms)};
    for (auto& b : blocks) b.number = 1;
    loopwatch::detail::put_in_order(blocks);
    CHECK(blocks[0].duration == 20ms);
    CHECK(blocks[2].duration == 50ms);
    CHECK(blocks[0].number == 1);
    CHECK(blocks[2].number == 3);
}

TEST_CASE("what fails a test is the text of its blocks", "[portable]")
{
    using loopwatch::detail::failure_text;
    CHECK(failure_text({}, {}).empty());
    auto const text = failure_text({.blocks = {block(0ms, 50ms)}, .dropped = 2}, {});
    CHECK_THAT(text, contains("blocked") && contains("50.0 ms") && contains("and 2 more"));
    CHECK(failure_text({.blocks = {block(0ms, 50ms)}}, {.action = loopwatch::on_block::log}).empty());
}
