// SPDX-License-Identifier: BSL-1.0

// Sinks of a monitor, of a loop that is really blocked. Those for logs and traces of others are tried by child.
#include "scratch_folder.hpp"
#include "support/catch.hpp"
#include "support/net.hpp"
#include "support/stall.hpp"

#include <loopwatch/monitor.hpp>
#include <loopwatch/to_json_lines.hpp>
#include <loopwatch/to_rotating_file.hpp>
#include <loopwatch/to_text.hpp>

#include <atomic>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

[[gnu::noinline]] void fetch_prices() { std::this_thread::sleep_for(100ms); }

void block(net::io_context& ctx, int times = 1)
{
    for (int i = 0; i < times; ++i) {
        post(ctx, [] { fetch_prices(); });
        ctx.restart();
        ctx.run();
    }
}

}  // namespace

TEST_CASE("a slow, a throwing and a blocked sink of a monitor lose their own notices only, and delay nobody")
{
    scratch_folder const folder;
    auto const release = std::make_shared<std::atomic<bool>>(false);
    net::io_context ctx;
    loopwatch::monitor_limits limits;
    limits.first_interval = nanoseconds{1};
    limits.queue = 2;
    std::uint64_t lost = 0;
    auto const ended = [&] {
        loopwatch::monitor monitor{ctx,
                                   {.threshold = 20ms, .loop_name = "api"},
                                   {[](loopwatch::block_report const&) { throw std::runtime_error{"no"}; },
                                    [release](loopwatch::block_notice const&) {
                                        while (!*release) std::this_thread::sleep_for(1ms);
                                    },
                                    loopwatch::to_text_file(folder / "text"), loopwatch::to_json_lines(folder / "json"),
                                    loopwatch::to_rotating_file(folder / "rotating", 1'000'000, 2)},
                                   limits};
        block(ctx, 5);
        CHECK_FALSE(monitor.flush(100ms));
        lost = monitor.lost();
        return test_clock::now();
    }();
    // One sink did not end. It is not waited for much longer than a second; on a busy machine than some.
    CHECK(test_clock::now() - ended < 30s);
    *release = true;
    CHECK(lost >= 2);
    auto const text = text_in(folder / "text");
    CHECK_THAT(
        text, contains("Z loop blocked: block 1 on \"api\" for ") && contains("fetch_prices() at monitored.test.cpp:"));
    CHECK(text_in(folder / "rotating") == text);
    for (auto const& line : lines_in(folder / "json"))
        CHECK_THAT(line,
                   Catch::Matchers::StartsWith("{\"timestamp\":\"") && contains("fetch_prices\",\"code.file.path\""));
}

TEST_CASE("a monitor has its sinks open their files anew")
{
    scratch_folder const folder;
    net::io_context ctx;
    loopwatch::monitor_limits limits;
    limits.first_interval = nanoseconds{1};
    loopwatch::monitor monitor{ctx, {.threshold = 20ms}, {loopwatch::to_json_lines(folder / "log")}, limits};
    block(ctx);
    REQUIRE(monitor.flush(60s));
    std::filesystem::rename(folder / "log", folder / "log.1");
    monitor.reopen_sinks();
    block(ctx);
    REQUIRE(monitor.flush(60s));
    CHECK_THAT(text_in(folder / "log.1"), contains("fetch_prices"));
    CHECK_THAT(text_in(folder / "log"), contains("fetch_prices"));
    CHECK(monitor.lost() == 0);
}
