// SPDX-License-Identifier: BSL-1.0

#include "sinks/made_notices.hpp"
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>
#include <loopwatch/to_spdlog.hpp>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

namespace {

/// A logger whose lines can be read.
struct read_logger {
    std::ostringstream lines;
    std::shared_ptr<spdlog::logger> logger =
        std::make_shared<spdlog::logger>("service", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));

    read_logger() { logger->set_pattern("%n %l|%v"); }
};

[[gnu::noinline]] void fetch_prices() { std::this_thread::sleep_for(100ms); }

}  // namespace

TEST_CASE("spdlog gets each notice at the level of its severity")
{
    using loopwatch::severity;
    read_logger to;
    auto const sink = loopwatch::to_spdlog(to.logger).get();
    auto notice = *notice_of(1);
    notice.report.evidence = "{} {0}";  // is no format
    notice.telling = loopwatch::telling::brief;
    for (severity const each : {severity::warning, severity::error, severity::critical}) {
        notice.severity = each;
        sink->write(notice);
    }
    auto const line = [&](std::string const& level) {
        return "service " + level + "|loop blocked: block 1 for 0.0 us: unknown: {} {0}\n";
    };
    CHECK(to.lines.str() == line("warning") + line("error") + line("critical"));

    to.lines.str("");
    to.logger->set_level(spdlog::level::critical);
    notice.severity = severity::error;
    sink->write(notice);
    CHECK(to.lines.str().empty());
}

TEST_CASE("spdlog gets what a monitor tells")
{
    read_logger to;
    net::io_context ctx;
    {
        loopwatch::monitor const monitor{
            ctx, {.threshold = 20ms, .loop_name = "api"}, {loopwatch::to_spdlog(to.logger)}};
        post(ctx, [] { fetch_prices(); });
        ctx.run();
    }
    CHECK_THAT(to.lines.str(), contains("service warning|loop blocked: block 1 on \"api\" for ") &&
                                   contains("\n  culprit  ") && contains("fetch_prices()") && !contains("\n\n"));
}

TEST_CASE("there must be a logger")
{
    CHECK_THROWS_AS(static_cast<void>(loopwatch::to_spdlog(nullptr)), std::invalid_argument);
}
