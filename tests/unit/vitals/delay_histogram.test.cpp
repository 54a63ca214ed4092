// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

#include <loopwatch/impl/vitals/delay_histogram.hpp>

// Not by a directive: the files of unit tests are compiled several at a time.
namespace delay_histogram_test {

using namespace std::chrono_literals;
using loopwatch::detail::delay_bounds;
using loopwatch::detail::delay_histogram;
using loopwatch::detail::nanoseconds;

std::vector<std::uint64_t> counts(delay_histogram const& of)
{
    auto const read = of.read();
    return {read.counts.begin(), read.counts.end()};
}

/// As it is defined, one heartbeat after the other.
struct one_by_one {
    std::vector<std::uint64_t> counts = std::vector<std::uint64_t>(delay_bounds.size() + 1);
    double sum{0};

    void record(nanoseconds waited, nanoseconds period)
    {
        add(waited);
        for (nanoseconds each = waited - period; each > 0ns; each -= period) add(each);
    }

private:
    void add(nanoseconds waited)
    {
        std::size_t i = 0;
        while (i < delay_bounds.size() && waited > delay_bounds[i]) ++i;
        ++counts[i];
        sum += std::chrono::duration<double>{waited}.count();
    }
};

TEST_CASE("nothing was recorded at first", "[vitals]")
{
    delay_histogram const histogram;
    CHECK(histogram.read().count() == 0);
    CHECK(histogram.read().sum == 0);
}

TEST_CASE("a heartbeat that waited for less than a period is one", "[vitals]")
{
    delay_histogram histogram;
    histogram.record(0ns, 25ms);
    histogram.record(500us, 25ms);  // a bound is in its bucket
    histogram.record(500us + 1ns, 25ms);
    histogram.record(25ms, 25ms);
    CHECK(counts(histogram) == std::vector<std::uint64_t>{2, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    CHECK(histogram.read().sum == Approx(0.026).epsilon(1e-6));
}

TEST_CASE("a heartbeat that waited for longer stands for those that were not sent meanwhile", "[vitals]")
{
    delay_histogram histogram;
    histogram.record(100ms, 30ms);  // and 70, 40, 10
    CHECK(counts(histogram) == std::vector<std::uint64_t>{0, 0, 0, 0, 1, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0});
    CHECK(histogram.read().count() == 4);
    CHECK(histogram.read().sum == Approx(0.22));
}

TEST_CASE("what is above the last bound is counted, too", "[vitals]")
{
    delay_histogram histogram;
    histogram.record(12s, 1s);
    CHECK(counts(histogram).back() == 2);  // 12, 11
    CHECK(histogram.read().count() == 12);
}

TEST_CASE("it is the same as one by one", "[vitals]")
{
    delay_histogram histogram;
    one_by_one expected;
    std::uint64_t random = 1;
    for (int i = 0; i < 2000; ++i) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        nanoseconds const waited{static_cast<std::int64_t>((random >> 33) % 3'000'000'000) >> (i % 24)};
        nanoseconds const period{50'000 + static_cast<std::int64_t>((random >> 20) % 100'000'000)};
        histogram.record(waited, period);
        expected.record(waited, period);
    }
    CHECK(counts(histogram) == expected.counts);
    CHECK(histogram.read().sum == Approx(expected.sum));
}

TEST_CASE("a loop that was stuck for a month is one record", "[vitals]")
{
    delay_histogram histogram;
    histogram.record(24h * 30, 50us);
    CHECK(histogram.read().count() == 24ULL * 30 * 3600 * 20'000);
    CHECK(histogram.read().sum == Approx(24.0 * 30 * 3600 * 20'000 * (24.0 * 30 * 3600) / 2));
}

TEST_CASE("a heartbeat that ran before it was known to be sent did not wait", "[vitals]")
{
    delay_histogram histogram;
    histogram.record(-5us, 25ms);
    CHECK(counts(histogram).front() == 1);
    CHECK(histogram.read().sum == 0);
}

}  // namespace delay_histogram_test
