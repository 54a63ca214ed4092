// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/block/block_record.hpp>
#include <loopwatch/impl/report/sample_shares.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

using namespace loopwatch;
using namespace loopwatch::detail;
using namespace std::chrono_literals;

namespace {

block_sample sample(std::chrono::nanoseconds after, std::initializer_list<char const*> functions)
{
    block_sample s;
    s.after = after;
    s.doing = "on CPU";
    for (char const* const f : functions) {
        frame& each = s.stack.emplace_back();
        each.function = f;
        each.module = "/home/me/app";
        each.file = "/home/me/app.cpp";
        each.line = 7;
    }
    return s;
}

}  // namespace

TEST_CASE("twenty short calls look different from one long one", "[samples]")
{
    SECTION("one long call")
    {
        std::vector const samples{sample(10ms, {"std::sort", "app::load()", "app::serve()", "main"}),
                                  sample(15ms, {"app::load()", "app::serve()", "main"})};
        auto const shares = shares_of(samples);
        REQUIRE(shares.common != nullptr);
        CHECK(shares.common->function == "app::load()");
        REQUIRE(shares.below.size() == 1);
        CHECK(shares.below[0].function == nullptr);
    }
    SECTION("many short ones")
    {
        std::vector const samples{sample(10ms, {"app::parse(int)", "app::import()", "main"}),
                                  sample(20ms, {"app::insert(int)", "app::import()", "main"}),
                                  sample(40ms, {"std::sort", "app::parse(int)", "app::import()", "main"}),
                                  sample(50ms, {"app::import()", "main"})};
        auto const shares = shares_of(samples);
        REQUIRE(shares.common != nullptr);
        CHECK(shares.common->function == "app::import()");
        REQUIRE(shares.below.size() == 3);
        CHECK(shares.below[0].function->function == "app::parse(int)");
        CHECK(shares.below[0].time == 30ms);
        CHECK(shares.below[1].time == 10ms);
        CHECK(shares.all == 50ms);

        block_report r;
        r.samples = samples;
        auto const text = to_string(r);
        CHECK_THAT(text, contains("  samples  4 from 10.0 ms to 50.0 ms, all in app::import()\n"));
        CHECK_THAT(text, contains("     60%  app::parse(int)"));
        CHECK_THAT(text, contains("     20%  there itself, on CPU\n"));
    }
    SECTION("nothing in common")
    {
        std::vector const samples{sample(10ms, {"app::a()"}), sample(20ms, {"app::b()"})};
        CHECK(shares_of(samples).common == nullptr);
        CHECK(shares_of(samples).below.size() == 2);
    }
    SECTION("without names there is nothing to say")
    {
        CHECK(shares_of(std::vector{sample(10ms, {}), sample(20ms, {""})}).below.empty());
    }
}

TEST_CASE("a block is sampled at growing distances, and never too often", "[samples]")
{
    block_samples samples;
    sighting seen;
    std::size_t const slot = seen.add_of_loop();
    time_point now{1s};
    samples.begin(now, 2ms);
    std::vector<nanoseconds> distances;
    for (int i = 0; i < 40; ++i) {
        distances.push_back(samples.due_at() - now);
        now = samples.due_at();
        seen[slot].stack.taken_at = now;
        samples.add(seen, now);
        CHECK(samples.moments().size() <= block_samples::most);
    }
    CHECK(distances.front() == 2ms);
    CHECK(std::ranges::is_sorted(distances));
    CHECK(samples.moments().size() >= block_samples::most / 2 - 1);
    CHECK(samples.moments().back()[0].stack.taken_at >= now - distances.back() * 2);
    // Spread over the whole of it.
    CHECK(samples.moments()[0][0].stack.taken_at < time_point{1s} + (now - time_point{1s}) / 2);
}
