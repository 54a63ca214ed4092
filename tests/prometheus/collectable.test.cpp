// SPDX-License-Identifier: BSL-1.0

// What prometheus-cpp collects is what monitor::prometheus() tells.
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/prometheus_collectable.hpp>
#include <prometheus/text_serializer.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>

using loopwatch::collectable;
using loopwatch::monitor;

namespace {

/// The values by name and labels, without comments: numbers are not written in one way. And the comments.
struct scraped {
    explicit scraped(std::string const& text)
    {
        std::istringstream lines{text};
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with('#')) {
                comments += line + '\n';
                continue;
            }
            auto const space = line.rfind(' ');
            auto const [at, is_new] =
                samples.emplace(without_zeros(line.substr(0, space)), std::stod(line.substr(space)));
            INFO(line);
            CHECK(is_new);
        }
    }
    std::map<std::string, double> samples;
    std::string comments;

private:
    /// A bound of a bucket as prometheus-cpp writes it, as the shortest text.
    static std::string without_zeros(std::string key)
    {
        auto const at = key.find("le=\"");
        if (at == key.npos || key[at + 4] == '+') return key;
        auto const end = key.find('"', at + 4);
        std::ostringstream bound;
        bound << std::stod(key.substr(at + 4, end - at - 4));
        return key.replace(at + 4, end - at - 4, bound.str());
    }
};

scraped as_text(monitor const& m) { return scraped{m.prometheus()}; }
scraped as_collected(prometheus::Collectable const& from)
{
    return scraped{prometheus::TextSerializer{}.Serialize(from.Collect())};
}

}  // namespace

TEST_CASE("prometheus-cpp collects what the text tells")
{
    net::io_context ctx;
    monitor m{{.threshold = 20ms}, {}};
    auto watched = m.watch(ctx, "api \"1\"");
    auto const collected = collectable(m);
    while (m.numbers().loops[0].delay_sum < 0.1) {
        post(ctx, [] { sleep_through(60ms); });
        ctx.restart();
        ctx.run();
        REQUIRE(m.flush(60s));
    }
    SECTION("of a loop that is watched, but that nobody runs")
    {
        while (m.health().loops[0].state != loopwatch::loop_state::unattended) std::this_thread::sleep_for(1ms);
        CHECK(as_collected(*collected).samples.contains("asio_loop_heartbeat_age_seconds{loop=\"api \\\"1\\\"\"}"));
    }
    SECTION("of a loop whose watch has ended") { watched.end(); }
    auto const text = as_text(m);
    auto const other = as_collected(*collected);
    CHECK(text.samples.size() == other.samples.size());
    for (auto const& [key, value] : text.samples) {
        INFO(key);
        REQUIRE(other.samples.contains(key));
        CHECK(other.samples.at(key) == Approx(value));
    }
    CHECK(text.comments == other.comments);
    CHECK(text.samples.at("asio_loop_delay_seconds_count{loop=\"api \\\"1\\\"\"}") >= 1);
}

TEST_CASE("what is collected may outlive the monitor, and stays")
{
    net::io_context ctx;
    std::optional<monitor> m{std::in_place, loopwatch::options{.threshold = 20ms},
                             std::vector<loopwatch::monitor_sink>{}};
    auto const watched = m->watch(ctx, "api");
    post(ctx, [] { sleep_through(60ms); });
    ctx.run();
    auto const collected = collectable(*m);
    m.reset();
    auto const after = as_collected(*collected).samples;
    CHECK(after.contains("asio_loop_delay_seconds_count{loop=\"api\"}"));
    CHECK_FALSE(after.contains("asio_loop_heartbeat_age_seconds{loop=\"api\"}"));
    CHECK(as_collected(*collected).samples == after);
}
