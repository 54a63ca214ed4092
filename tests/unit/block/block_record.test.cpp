// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <loopwatch/impl/block/block_record.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

using namespace loopwatch::detail;
using namespace std::chrono_literals;

TEST_CASE("samples of a block lie close at its beginning, and are never too many", "[block_record]")
{
    time_point const deadline{1h};
    auto const seen = std::make_unique<sighting>();  // some 50 KB
    std::size_t const slot = seen->add_of_loop();
    block_samples samples;
    samples.begin(deadline, 2ms);
    std::vector<time_point> taken;
    while (samples.due_at() < deadline + 1min) {
        time_point const now = samples.due_at();
        (*seen)[slot].stack.taken_at = now;
        taken.push_back(now);
        samples.add(*seen, now);
        REQUIRE(samples.moments().size() < block_samples::most);
        CHECK(samples.due_at() - now > (taken.size() > 1 ? now - taken[taken.size() - 2] : 0ns));
    }
    REQUIRE(taken.size() > 2 * block_samples::most);
    auto const kept_at = [&](std::size_t i) { return samples.moments()[i][0].stack.taken_at; };
    for (std::size_t i = 0; i < block_samples::close; ++i) CHECK(kept_at(i) == taken[i]);
    for (std::size_t i = 1; i < samples.moments().size(); ++i) CHECK(kept_at(i - 1) < kept_at(i));
    CHECK(kept_at(samples.moments().size() - 1) >= taken[taken.size() - 2]);

    samples.begin(deadline, 2ms);
    CHECK(samples.moments().empty());
    CHECK(samples.due_at() == deadline + 2ms);
}
