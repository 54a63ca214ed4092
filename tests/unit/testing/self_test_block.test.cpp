// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/testing/self_test_block.hpp>

#include <chrono>
#include <vector>

using loopwatch::block_report;
using loopwatch::detail::self_test_block;
using namespace std::chrono_literals;

namespace {

block_report reported(std::chrono::nanoseconds length, std::chrono::nanoseconds own)
{
    block_report report;
    report.threshold = 20ms;
    report.duration = length;
    report.own_duration = own;
    return report;
}

}  // namespace

TEST_CASE("the self-test takes the longest block for its own, and others only if they are nobody's fault",
          "[self_test]")
{
    auto const of = [](std::vector<block_report> const& blocks) { return self_test_block{blocks, "blocks_here"}; };
    CHECK_FALSE(of({}).detected);
    CHECK(of({reported(80ms, 79ms)}).detected);
    CHECK(of({reported(80ms, 5ms)}).detected);  // its own, on a busy machine

    auto const beside = of({reported(30ms, 4ms), reported(80ms, 79ms), reported(25ms, 0ms)});
    CHECK(beside.detected);
    CHECK(beside.report.duration == 80ms);

    auto const false_alarm = of({reported(80ms, 79ms), reported(30ms, 20ms)});
    CHECK_FALSE(false_alarm.detected);
    CHECK_THAT(false_alarm.why_not, contains("2 blocks were reported instead of 1"));
}
